-- Orders that no money is taken for any more.
create table cancellations (order_id text primary key);
