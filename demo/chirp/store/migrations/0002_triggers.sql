-- Both triggers touch rows of the same user as the statement that fires them.

create function count_like() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    update posts set like_count = like_count + 1 where user_id = new.user_id and id = new.post_id;
  else
    update posts set like_count = like_count - 1 where user_id = old.user_id and id = old.post_id;
  end if;
  return null;
end $$
-- next
create trigger count_like after insert or delete on likes for each row execute function count_like()
-- next
-- The whole post travels in the notification (at most 280 characters, far below the limit of 8000 bytes), so that an
-- instance with a thousand open streams does not have to read it from the database again.
create function announce_post() returns trigger language plpgsql as $$
begin
  perform pg_notify('chirp_posts', json_build_object(
    'user_id', new.user_id::text, 'id', new.id::text, 'body', new.body,
    'username', username, 'display_name', display_name)::text)
  from users where user_id = new.user_id;
  return null;
end $$
-- next
create trigger announce_post after insert on posts for each row execute function announce_post()
