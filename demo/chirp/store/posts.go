package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// PageSize is how many posts a timeline shows at once.
const PageSize = 20

// Post as one viewer sees it.
type Post struct {
	UserID      ID
	ID          ID
	Username    string
	DisplayName string
	Body        string
	ImageID     ID // 0 without an image
	Likes       int
	Liked       bool // by the viewer
}

// Image is the post's image, whose owner is the post's author.
func (p Post) Image() ImageRef { return ImageRef{UserID: p.UserID, ID: p.ImageID} }

// CreatedAt is part of the post's ID.
func (p Post) CreatedAt() time.Time { return p.ID.Time() }

// Page is a part of a timeline, newest first. Next continues it; it is 0 on the last page.
type Page struct {
	Posts []Post
	Next  ID
}

// postsSeenBy joins a post with its author, who lives in the same database. $1 is always the viewer, 0 for a stranger.
const postsSeenBy = `select p.user_id, p.id, u.username, u.display_name, p.body, coalesce(p.image_id, 0), p.like_count,
	exists (select from likes l where l.user_id = p.user_id and l.post_id = p.id and l.liker_id = $1)
	from posts p join users u on u.user_id = p.user_id `

func scanPost(row pgx.CollectableRow) (p Post, err error) {
	err = row.Scan(&p.UserID, &p.ID, &p.Username, &p.DisplayName, &p.Body, &p.ImageID, &p.Likes, &p.Liked)
	return p, err
}

// CreatePost publishes a text with one of the author's own images, or without one (0). It fails with [InvalidError].
func (s *Store) CreatePost(ctx context.Context, author, image ID, body string) (ID, error) {
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	if err := validateText("body", "Your post", body, 1, MaxPost); err != nil {
		return 0, err
	}
	id, err := collectOne(ctx, s, scanID, `insert into posts (user_id, id, body, image_id, request_key)
		values ($1, $2, $3, nullif($4::bigint, 0), $5)
		on conflict (user_id, request_key) do update set request_key = excluded.request_key returning id`,
		author, s.ids.next(time.Now()), body, image, requestKey(ctx))
	if missingReference(err) {
		return 0, &InvalidError{"image", "The image does not exist."}
	}
	if err != nil {
		return 0, fmt.Errorf("saving a post: %w", err)
	}
	return id, nil
}

// Post returns one post.
func (s *Store) Post(ctx context.Context, viewer, author, id ID) (Post, error) {
	return collectOne(ctx, s, scanPost, postsSeenBy+`where p.user_id = $2 and p.id = $3`, viewer, author, id)
}

// DeletePost removes one of the author's own posts with its likes and its image; one that is gone already is no error.
func (s *Store) DeletePost(ctx context.Context, author, id ID) error {
	removed, err := collect(ctx, s, scanID,
		`delete from posts where user_id = $1 and id = $2 returning coalesce(image_id, 0)`, author, id)
	if err != nil || len(removed) == 0 || removed[0] == 0 {
		return err
	}
	_, err = s.exec(ctx, `delete from images where user_id = $1 and id = $2`, author, removed[0])
	return err
}

// Like notes that liker likes a post; again is no error, a post that is gone is [ErrNotFound]. The row belongs to the
// post's author, so that post, likes and count change together in one database.
func (s *Store) Like(ctx context.Context, liker, author, post ID) error {
	_, err := s.exec(ctx, `insert into likes (user_id, post_id, liker_id) values ($1, $2, $3)
		on conflict (user_id, post_id, liker_id) do nothing`, author, post, liker)
	if missingReference(err) {
		return ErrNotFound
	}
	return err
}

// Unlike takes a like back.
func (s *Store) Unlike(ctx context.Context, liker, author, post ID) error {
	_, err := s.exec(ctx, `delete from likes where user_id = $1 and post_id = $2 and liker_id = $3`, author, post, liker)
	return err
}

func scanID(row pgx.CollectableRow) (id ID, err error)          { return id, row.Scan(&id) }
func scanBool(row pgx.CollectableRow) (value bool, err error)   { return value, row.Scan(&value) }
func scanText(row pgx.CollectableRow) (value string, err error) { return value, row.Scan(&value) }
func scanCount(row pgx.CollectableRow) (n int, err error)       { return n, row.Scan(&n) }
