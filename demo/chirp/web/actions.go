package web

import (
	"context"
	"errors"
	"io"
	"net/http"

	"ladder/demo/chirp/store"
)

// createPost publishes the composer's text, with its image if there is one, and goes back to the post where it shows.
func (s *Server) createPost(w http.ResponseWriter, r *http.Request, me store.User) error {
	upload, err := s.formImage(r)
	if err != nil {
		return err
	}
	var image store.ImageRef
	if upload != nil {
		if image, err = s.keepImage(r.Context(), me, upload); err != nil {
			return err
		}
	}
	id, err := s.store.CreatePost(r.Context(), me.ID, image.ID, r.PostFormValue("body"))
	if err != nil {
		return err
	}
	http.Redirect(w, r, returnPath(r)+"#"+anchor(me.ID, id), http.StatusSeeOther)
	return nil
}

// formImage reads the composer's form, which is multipart when it comes from a browser; nil without an image.
func (s *Server) formImage(r *http.Request) ([]byte, error) {
	release, err := s.uploadSlot(r.Context())
	if err != nil {
		return nil, err
	}
	defer release()
	if err := r.ParseMultipartForm(maxUploadBody); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, badForm(err)
	}
	file, header, err := r.FormFile("image")
	if err != nil || header.Size == 0 {
		return nil, nil //nolint:nilerr,nilnil // no image was chosen
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		return nil, badForm(err)
	}
	return content, nil
}

// uploadSlot waits until few enough others are sending images.
func (s *Server) uploadSlot(ctx context.Context) (release func(), err error) {
	select {
	case s.uploads <- struct{}{}:
		return func() { <-s.uploads }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func badForm(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return &statusError{http.StatusBadRequest, "The form could not be read.", ""}
}

// deletePost removes one of the signed-in user's own posts.
func (s *Server) deletePost(w http.ResponseWriter, r *http.Request, me store.User) error {
	id, err := ownPost(r, me)
	if err != nil {
		return err
	}
	if err := s.store.DeletePost(r.Context(), me.ID, id); err != nil {
		return err
	}
	back := returnPath(r)
	if back == "/@"+me.Username+"/"+id.String() {
		back = "/@" + me.Username // the post's own page is gone
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

// ownPost is the post that an address names, if it belongs to the signed-in user.
func ownPost(r *http.Request, me store.User) (store.ID, error) {
	author, id, err := postAddress(r)
	if err != nil {
		return 0, err
	}
	if author != me.ID {
		return 0, &statusError{http.StatusForbidden, "Only the author can delete a post.", ""}
	}
	return id, nil
}

func (s *Server) like(w http.ResponseWriter, r *http.Request, me store.User) error {
	return s.onPost(w, r, me, s.store.Like)
}

func (s *Server) unlike(w http.ResponseWriter, r *http.Request, me store.User) error {
	return s.onPost(w, r, me, s.store.Unlike)
}

// onPost does something to the post that the address names and goes back to where it shows.
func (s *Server) onPost(w http.ResponseWriter, r *http.Request, me store.User,
	do func(ctx context.Context, me, author, post store.ID) error) error {
	author, id, err := postAddress(r)
	if err != nil {
		return err
	}
	if err := do(r.Context(), me.ID, author, id); err != nil {
		return err
	}
	http.Redirect(w, r, returnPath(r)+"#"+anchor(author, id), http.StatusSeeOther)
	return nil
}

func (s *Server) follow(w http.ResponseWriter, r *http.Request, me store.User) error {
	return s.onPerson(w, r, me, s.store.Follow)
}

func (s *Server) unfollow(w http.ResponseWriter, r *http.Request, me store.User) error {
	return s.onPerson(w, r, me, s.store.Unfollow)
}

// onPerson does something to the person that the address names and goes back.
func (s *Server) onPerson(w http.ResponseWriter, r *http.Request, me store.User,
	do func(ctx context.Context, me, other store.ID) error) error {
	other, err := s.store.User(r.Context(), r.PathValue("username"))
	if err != nil {
		return err
	}
	if err := do(r.Context(), me.ID, other.ID); err != nil {
		return err
	}
	http.Redirect(w, r, returnPath(r), http.StatusSeeOther)
	return nil
}

// anchor names a post within a page.
func anchor(author, post store.ID) string { return "p-" + author.String() + "-" + post.String() }
