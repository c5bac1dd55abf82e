package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"ladder/demo/chirp/store"
	"ladder/demo/chirp/thumbnail"
)

// immutable is for what never changes under its address.
const immutable = "public, max-age=31536000, immutable"

// keepImage saves an upload and has its thumbnail made in the background.
func (s *Server) keepImage(ctx context.Context, owner store.User, content []byte) (store.ImageRef, error) {
	if len(content) > maxImage {
		return store.ImageRef{}, &http.MaxBytesError{Limit: maxImage}
	}
	info, err := thumbnail.Inspect(content)
	if err != nil {
		return store.ImageRef{}, err
	}
	ref, err := s.store.CreateImage(ctx, owner.ID, store.Picture{
		ContentType: info.ContentType, Width: info.Width, Height: info.Height, Content: content,
	})
	if err != nil {
		return store.ImageRef{}, err
	}
	s.thumbnails.Submit(ref) // a full queue is no failure: the first view submits it again
	return ref, nil
}

// uploadImage takes an image as the request's body and answers 201 with its addresses.
func (s *Server) uploadImage(w http.ResponseWriter, r *http.Request, me store.User) error {
	release, err := s.uploadSlot(r.Context())
	if err != nil {
		return err
	}
	defer release()
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return badForm(err)
	}
	ref, err := s.keepImage(r.Context(), me, content)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/images/"+ref.String())
	return writeJSON(w, http.StatusCreated, newImageJSON(ref))
}

// image serves an original.
func (s *Server) image(w http.ResponseWriter, r *http.Request) error {
	ref, err := imageAddress(r)
	if err != nil {
		return err
	}
	tag := `"` + ref.String() + `"`
	if notModified(w, r, tag, immutable) {
		return nil
	}
	picture, err := s.store.Original(r.Context(), ref)
	if err != nil {
		return err
	}
	return servePicture(w, picture, tag)
}

// thumbnail serves the small picture, or sends the browser to the original while there is none.
func (s *Server) thumbnail(w http.ResponseWriter, r *http.Request) error {
	ref, err := imageAddress(r)
	if err != nil {
		return err
	}
	tag := `"` + ref.String() + `-thumbnail"`
	if notModified(w, r, tag, immutable) {
		return nil
	}
	picture, err := s.store.Thumbnail(r.Context(), ref)
	if err == nil {
		return servePicture(w, picture, tag)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if exists, err := s.store.HasImage(r.Context(), ref); err != nil || !exists {
		return errors.Join(err, store.ErrNotFound)
	}
	s.thumbnails.Submit(ref)
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/images/"+ref.String(), http.StatusFound)
	return nil
}

func imageAddress(r *http.Request) (store.ImageRef, error) {
	ref, err := store.ParseImageRef(r.PathValue("image"))
	if err != nil {
		return store.ImageRef{}, store.ErrNotFound
	}
	return ref, nil
}

// servePicture sends an image. Its type is what its bytes were decoded as, never what the uploader claimed.
func servePicture(w http.ResponseWriter, picture store.Picture, tag string) error {
	header := w.Header()
	header.Set("Content-Type", picture.ContentType)
	header.Set("Cache-Control", immutable)
	header.Set("ETag", tag)
	return write(w, http.StatusOK, picture.Content)
}

// workThumbnail is the slow job as an ordinary request: {"image": "OWNER-IMAGE"}. It may be repeated; once the thumbnail
// is there, it does nothing. 200 tells that it is there, 404 that there is no such image.
func (s *Server) workThumbnail(w http.ResponseWriter, r *http.Request) error {
	var job struct {
		Image string `json:"image"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxFormBody)).Decode(&job); err != nil {
		return &statusError{http.StatusBadRequest, `Want {"image": "OWNER-IMAGE"}.`, "image"}
	}
	ref, err := store.ParseImageRef(job.Image)
	if err != nil {
		return &statusError{http.StatusBadRequest, `Want {"image": "OWNER-IMAGE"}.`, "image"}
	}
	release, err := s.uploadSlot(r.Context())
	if err != nil {
		return err
	}
	defer release()
	if err := s.makeThumbnail(r.Context(), ref); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, newImageJSON(ref))
}

// makeThumbnail is the job itself.
func (s *Server) makeThumbnail(ctx context.Context, ref store.ImageRef) error {
	if done, err := s.store.HasThumbnail(ctx, ref); err != nil || done {
		return err
	}
	original, err := s.store.Original(ctx, ref)
	if err != nil {
		return err
	}
	small, err := thumbnail.Make(original.Content)
	if err != nil {
		return fmt.Errorf("thumbnail of %s: %w", ref, err)
	}
	return s.store.SaveThumbnail(ctx, ref, store.Picture{ContentType: "image/jpeg", Content: small})
}

func (s *Server) makeThumbnailInBackground(ctx context.Context, ref store.ImageRef) {
	if err := s.makeThumbnail(ctx, ref); err != nil {
		s.logger.Warn("no thumbnail was made; the next view tries again", "image", ref.String(), "error", err)
	}
}
