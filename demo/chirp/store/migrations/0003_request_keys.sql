-- A request that is sent again, because nobody knows whether the first try was done, carries the key of the first: what that
-- one made is found instead of made twice. See store.WithRequestKey.

alter table posts add column request_key text
-- next
create unique index posts_request_key on posts (user_id, request_key)
-- next
alter table images add column request_key text
-- next
create unique index images_request_key on images (user_id, request_key)
-- next
alter table users add column request_key text
