create table products (
  sku text primary key,
  name text not null,
  about text not null,
  price_minor integer not null,
  image text not null default ''
);
insert into products (sku, name, about, price_minor) values
  ('mug', 'Stoneware mug', 'Holds 350 ml and keeps it warm', 1800),
  ('teapot', 'Cast iron teapot', 'For four cups, with a strainer', 6400),
  ('lamp', 'Desk lamp', 'Warm light on a long arm', 8900),
  ('notebook', 'Dotted notebook', '160 pages that lie flat', 1450),
  ('pen', 'Fountain pen', 'A steel nib, refillable', 3200),
  ('blanket', 'Wool blanket', 'Woven of undyed wool', 12500),
  ('plant', 'Rubber plant', 'In a clay pot, needs little water', 2900),
  ('clock', 'Wall clock', 'Silent, with plain hands', 4700),
  ('chair', 'Reading chair', 'Beech and linen', 64000),
  ('basket', 'Willow basket', 'For bread, or for the cat', 3900);
