package web

import (
	"encoding/json"
	"net/http"
	"time"

	"ladder/demo/chirp/store"
)

// The API says what the pages say, as JSON. It uses the same session cookie. IDs are strings: they do not fit into a
// JavaScript number.

type userJSON struct {
	Username    string `json:"username"`
	DisplayName string `json:"display_name"`
	Bio         string `json:"bio,omitempty"`
	URL         string `json:"url"`
}

type profileJSON struct {
	userJSON
	Posts     int  `json:"posts"`
	Following int  `json:"following"`
	Followers int  `json:"followers"`
	Followed  bool `json:"followed"`
}

type imageJSON struct {
	ID           string `json:"id"`
	URL          string `json:"url"`
	ThumbnailURL string `json:"thumbnail_url"`
}

type postJSON struct {
	ID        string     `json:"id"`
	Author    userJSON   `json:"author"`
	Body      string     `json:"body"`
	CreatedAt time.Time  `json:"created_at"`
	Likes     int        `json:"likes"`
	Liked     bool       `json:"liked"`
	URL       string     `json:"url"`
	Image     *imageJSON `json:"image,omitempty"`
}

type pageJSON struct {
	Posts []postJSON `json:"posts"`
	Next  string     `json:"next,omitempty"` // for ?before=
}

func newUserJSON(u store.User) userJSON {
	return userJSON{u.Username, u.DisplayName, u.Bio, "/@" + u.Username}
}

func newImageJSON(ref store.ImageRef) imageJSON {
	return imageJSON{ref.String(), "/images/" + ref.String(), "/images/" + ref.String() + "/thumbnail"}
}

func newPostJSON(p store.Post) postJSON {
	document := postJSON{
		ID: p.ID.String(), Body: p.Body, CreatedAt: p.CreatedAt(), Likes: p.Likes, Liked: p.Liked,
		Author: userJSON{Username: p.Username, DisplayName: p.DisplayName, URL: "/@" + p.Username},
		URL:    "/@" + p.Username + "/" + p.ID.String(),
	}
	if p.ImageID != 0 {
		image := newImageJSON(p.Image())
		document.Image = &image
	}
	return document
}

// writePage answers with a timeline, or passes the failure to read it on.
func writePage(w http.ResponseWriter, page store.Page, err error) error {
	if err != nil {
		return err
	}
	document := pageJSON{Posts: make([]postJSON, len(page.Posts))}
	for i, post := range page.Posts {
		document.Posts[i] = newPostJSON(post)
	}
	if page.Next != 0 {
		document.Next = page.Next.String()
	}
	return writeJSON(w, http.StatusOK, document)
}

func readJSON(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return &statusError{http.StatusBadRequest, "The body is not the JSON that is wanted here.", ""}
	}
	return nil
}

func (s *Server) apiPublic(w http.ResponseWriter, r *http.Request, me *store.User) error {
	page, err := s.store.Public(r.Context(), viewerID(me), before(r))
	return writePage(w, page, err)
}

func (s *Server) apiSearch(w http.ResponseWriter, r *http.Request, me *store.User) error {
	page, err := s.store.Search(r.Context(), viewerID(me), r.FormValue("q"), before(r))
	return writePage(w, page, err)
}

func (s *Server) apiPostsBy(w http.ResponseWriter, r *http.Request, me *store.User) error {
	author, err := s.store.User(r.Context(), r.PathValue("username"))
	if err != nil {
		return err
	}
	page, err := s.store.By(r.Context(), viewerID(me), author.ID, before(r))
	return writePage(w, page, err)
}

func (s *Server) apiUser(w http.ResponseWriter, r *http.Request, me *store.User) error {
	v, err := s.person(r, me)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, profileJSON{
		newUserJSON(*v.User), v.Counts.Posts, v.Counts.Following, v.Counts.Followers, v.Followed,
	})
}

func (s *Server) apiPost(w http.ResponseWriter, r *http.Request, me *store.User) error {
	author, id, err := postAddress(r)
	if err != nil {
		return err
	}
	return s.writePost(w, r, http.StatusOK, viewerID(me), author, id)
}

func (s *Server) writePost(w http.ResponseWriter, r *http.Request, status int, viewer, author, id store.ID) error {
	post, err := s.store.Post(r.Context(), viewer, author, id)
	if err != nil {
		return err
	}
	return writeJSON(w, status, newPostJSON(post))
}

func (s *Server) apiSignUp(w http.ResponseWriter, r *http.Request, _ *store.User) error {
	var entered credentials
	if err := readJSON(r, &entered); err != nil {
		return err
	}
	user, err := s.register(w, r, entered)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, newUserJSON(user))
}

func (s *Server) apiSignIn(w http.ResponseWriter, r *http.Request, _ *store.User) error {
	var entered credentials
	if err := readJSON(r, &entered); err != nil {
		return err
	}
	user, err := s.enter(w, r, entered)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, newUserJSON(user))
}

func (s *Server) apiSignOut(w http.ResponseWriter, r *http.Request, _ *store.User) error {
	return noContent(w, s.endSession(w, r))
}

func (s *Server) apiMe(w http.ResponseWriter, _ *http.Request, me store.User) error {
	return writeJSON(w, http.StatusOK, newUserJSON(me))
}

func (s *Server) apiHome(w http.ResponseWriter, r *http.Request, me store.User) error {
	page, err := s.store.Home(r.Context(), me.ID, before(r))
	return writePage(w, page, err)
}

func (s *Server) apiCreatePost(w http.ResponseWriter, r *http.Request, me store.User) error {
	var entered struct {
		Body  string `json:"body"`
		Image string `json:"image"` // the id that POST /images answered
	}
	if err := readJSON(r, &entered); err != nil {
		return err
	}
	var image store.ImageRef
	if entered.Image != "" {
		ref, err := store.ParseImageRef(entered.Image)
		if err != nil || ref.UserID != me.ID {
			return &store.InvalidError{Field: "image", Message: "The image must be one of your own."}
		}
		image = ref
	}
	id, err := s.store.CreatePost(r.Context(), me.ID, image.ID, entered.Body)
	if err != nil {
		return err
	}
	return s.writePost(w, r, http.StatusCreated, me.ID, me.ID, id)
}

func (s *Server) apiDeletePost(w http.ResponseWriter, r *http.Request, me store.User) error {
	id, err := ownPost(r, me)
	if err != nil {
		return err
	}
	return noContent(w, s.store.DeletePost(r.Context(), me.ID, id))
}

func (s *Server) apiLike(w http.ResponseWriter, r *http.Request, me store.User) error {
	author, id, err := postAddress(r)
	if err != nil {
		return err
	}
	if err := s.store.Like(r.Context(), me.ID, author, id); err != nil {
		return err
	}
	return s.writePost(w, r, http.StatusOK, me.ID, author, id)
}

func (s *Server) apiUnlike(w http.ResponseWriter, r *http.Request, me store.User) error {
	author, id, err := postAddress(r)
	if err != nil {
		return err
	}
	if err := s.store.Unlike(r.Context(), me.ID, author, id); err != nil {
		return err
	}
	return s.writePost(w, r, http.StatusOK, me.ID, author, id)
}

func (s *Server) apiFollow(w http.ResponseWriter, r *http.Request, me store.User) error {
	other, err := s.store.User(r.Context(), r.PathValue("username"))
	if err != nil {
		return err
	}
	return noContent(w, s.store.Follow(r.Context(), me.ID, other.ID))
}

func (s *Server) apiUnfollow(w http.ResponseWriter, r *http.Request, me store.User) error {
	other, err := s.store.User(r.Context(), r.PathValue("username"))
	if err != nil {
		return err
	}
	return noContent(w, s.store.Unfollow(r.Context(), me.ID, other.ID))
}

func noContent(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}
