create table orders (
  id text primary key,
  customer text not null,
  lines text not null,
  total_minor integer not null,
  state text not null,
  reason text not null,
  card text not null,
  attempt integer not null,
  touched text not null
);
create index orders_by_state on orders (state, touched);
