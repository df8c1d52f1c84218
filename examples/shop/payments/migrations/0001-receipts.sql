create table receipts (
  id text primary key,
  order_id text not null unique,
  amount_minor integer not null,
  at text not null,
  refunded integer not null
);
