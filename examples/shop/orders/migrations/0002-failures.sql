alter table orders add column failures integer not null default 0;
