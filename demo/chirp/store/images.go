package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ImageRef names an image in addresses, as OWNER-IMAGE: the owner says where the row is.
type ImageRef struct {
	UserID ID
	ID     ID
}

var errInvalidImageRef = errors.New("not an image: want OWNER-IMAGE, two decimal numbers")

// ParseImageRef reads what [ImageRef.String] wrote.
func ParseImageRef(text string) (ImageRef, error) {
	owner, image, _ := strings.Cut(text, "-")
	userID, ownerErr := ParseID(owner)
	id, imageErr := ParseID(image)
	if ownerErr != nil || imageErr != nil {
		return ImageRef{}, errInvalidImageRef
	}
	return ImageRef{userID, id}, nil
}

func (r ImageRef) String() string { return r.UserID.String() + "-" + r.ID.String() }

// Picture is an image's content.
type Picture struct {
	ContentType string
	Width       int // pixels; 0 for a thumbnail, whose size nobody asks for
	Height      int
	Content     []byte
}

// CreateImage saves an original.
func (s *Store) CreateImage(ctx context.Context, owner ID, picture Picture) (ImageRef, error) {
	id, err := collectOne(ctx, s, scanID, `insert into images (user_id, id, content_type, width, height, original, request_key)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (user_id, request_key) do update set request_key = excluded.request_key returning id`,
		owner, s.ids.next(time.Now()), picture.ContentType, picture.Width, picture.Height, picture.Content, requestKey(ctx))
	if err != nil {
		return ImageRef{}, fmt.Errorf("saving an image: %w", err)
	}
	return ImageRef{owner, id}, nil
}

// HasImage reports whether an image exists.
func (s *Store) HasImage(ctx context.Context, ref ImageRef) (bool, error) {
	return collectOne(ctx, s, scanBool,
		`select exists (select from images where user_id = $1 and id = $2)`, ref.UserID, ref.ID)
}

// Original returns an image as it was uploaded.
func (s *Store) Original(ctx context.Context, ref ImageRef) (Picture, error) {
	return collectOne(ctx, s, func(row pgx.CollectableRow) (p Picture, err error) {
		err = row.Scan(&p.ContentType, &p.Width, &p.Height, &p.Content)
		return p, err
	}, `select content_type, width, height, original from images where user_id = $1 and id = $2`, ref.UserID, ref.ID)
}

// SaveThumbnail keeps a thumbnail; the first one made stays.
func (s *Store) SaveThumbnail(ctx context.Context, ref ImageRef, picture Picture) error {
	_, err := s.exec(ctx, `insert into thumbnails (user_id, image_id, content_type, content) values ($1, $2, $3, $4)
		on conflict (user_id, image_id) do nothing`, ref.UserID, ref.ID, picture.ContentType, picture.Content)
	if err != nil {
		return fmt.Errorf("saving a thumbnail: %w", err)
	}
	return nil
}

// HasThumbnail reports whether an image's thumbnail was made.
func (s *Store) HasThumbnail(ctx context.Context, ref ImageRef) (bool, error) {
	return collectOne(ctx, s, scanBool,
		`select exists (select from thumbnails where user_id = $1 and image_id = $2)`, ref.UserID, ref.ID)
}

// Thumbnail returns an image's thumbnail, or [ErrNotFound] while none was made.
func (s *Store) Thumbnail(ctx context.Context, ref ImageRef) (Picture, error) {
	return collectOne(ctx, s, func(row pgx.CollectableRow) (p Picture, err error) {
		err = row.Scan(&p.ContentType, &p.Content)
		return p, err
	}, `select content_type, content from thumbnails where user_id = $1 and image_id = $2`, ref.UserID, ref.ID)
}
