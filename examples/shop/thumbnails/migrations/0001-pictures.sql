create table pictures (sku text primary key, jpeg blob not null);
