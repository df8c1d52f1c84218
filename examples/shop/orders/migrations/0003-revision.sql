alter table orders add column revision integer not null default 1;
