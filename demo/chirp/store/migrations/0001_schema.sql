-- Everything belongs to one user: user_id comes first in every primary key, and no key points at another user's rows.
-- That is what lets users be spread over several databases later. See DESIGN.md.

create table users (
  user_id       bigint primary key,      -- derived from the username: see store.UserID
  username      text not null,
  display_name  text not null,
  bio           text not null default '',
  password_hash text not null,
  created_at    timestamptz not null default now()
)
-- next
create index users_newest on users (created_at desc)
-- next
create index users_by_prefix on users (username text_pattern_ops)
-- next
create table sessions (
  user_id    bigint not null references users on delete cascade,
  token_hash bytea not null,             -- SHA-256; the token itself is in the user's cookie alone
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (user_id, token_hash)
)
-- next
create table images (
  user_id      bigint not null references users on delete cascade,
  id           bigint not null,
  content_type text not null,
  width        integer not null,
  height       integer not null,
  original     bytea not null,
  primary key (user_id, id)
)
-- next
alter table images alter column original set storage external -- JPEG and PNG do not compress further
-- next
create table thumbnails (
  user_id      bigint not null,
  image_id     bigint not null,
  content_type text not null,
  content      bytea not null,
  primary key (user_id, image_id),
  foreign key (user_id, image_id) references images (user_id, id) on delete cascade
)
-- next
alter table thumbnails alter column content set storage external
-- next
create table posts (
  user_id    bigint not null references users on delete cascade,
  id         bigint not null,            -- ordered by time: see store.ID
  body       text not null,
  image_id   bigint,                     -- one of the same user's images
  like_count integer not null default 0,
  words      tsvector not null generated always as (to_tsvector('simple', body)) stored,
  primary key (user_id, id),
  foreign key (user_id, image_id) references images (user_id, id)
)
-- next
create index posts_newest on posts (id desc)
-- next
create index posts_words on posts using gin (words) with (fastupdate = off)
-- next
create table likes (
  user_id  bigint not null,              -- of the post's author
  post_id  bigint not null,
  liker_id bigint not null,
  primary key (user_id, post_id, liker_id),
  foreign key (user_id, post_id) references posts (user_id, id) on delete cascade
)
-- next
create table follows (
  user_id     bigint not null references users on delete cascade, -- who follows
  followee_id bigint not null,
  primary key (user_id, followee_id)
)
-- next
-- The same edges from the other end, so that neither direction has to ask another user's database.
create table followers (
  user_id     bigint not null references users on delete cascade, -- who is followed
  follower_id bigint not null,
  primary key (user_id, follower_id)
)
