package web

import (
	"net/http"
	"net/url"

	"ladder/demo/chirp/store"
)

// home is the timeline of people one follows; strangers see what chirp is.
func (s *Server) home(w http.ResponseWriter, r *http.Request, me *store.User) error {
	if me == nil {
		page, err := s.store.Public(r.Context(), 0, 0)
		if err != nil {
			return err
		}
		return s.render(w, http.StatusOK, view{Page: "welcome", Title: "Welcome", Posts: s.postsMarkup(page.Posts, nil, "/")})
	}
	page, err := s.store.Home(r.Context(), me.ID, before(r))
	if err != nil {
		return err
	}
	return s.timeline(w, r, me, page, view{Page: "home", Title: "Home"})
}

func (s *Server) public(w http.ResponseWriter, r *http.Request, me *store.User) error {
	page, err := s.store.Public(r.Context(), viewerID(me), before(r))
	if err != nil {
		return err
	}
	return s.timeline(w, r, me, page, view{Page: "public", Title: "Explore"})
}

func (s *Server) search(w http.ResponseWriter, r *http.Request, me *store.User) error {
	query := r.FormValue("q")
	page, err := s.store.Search(r.Context(), viewerID(me), query, before(r))
	if err != nil {
		return err
	}
	people, err := s.store.FindUsers(r.Context(), query, peopleFound)
	if err != nil {
		return err
	}
	return s.timeline(w, r, me, page, view{Page: "search", Title: "Search", Query: query, People: people})
}

// peopleFound is how many people a search shows beside the posts.
const peopleFound = 5

// timeline fills in what every list of posts has.
func (s *Server) timeline(w http.ResponseWriter, r *http.Request, me *store.User, page store.Page, v view) error {
	v.Me = me
	v.Posts = s.postsMarkup(page.Posts, me, r.URL.RequestURI())
	v.Older = older(r, page.Next)
	v.First = before(r) == 0
	if me != nil {
		strangers, err := s.strangers(r.Context(), *me)
		if err != nil {
			return err
		}
		v.Suggestions = strangers
	}
	return s.render(w, http.StatusOK, v)
}

func (s *Server) profile(w http.ResponseWriter, r *http.Request, me *store.User) error {
	v, err := s.person(r, me)
	if err != nil {
		return err
	}
	page, err := s.store.By(r.Context(), viewerID(me), v.User.ID, before(r))
	if err != nil {
		return err
	}
	v.Page, v.Title = "profile", v.User.DisplayName
	v.Posts = s.postsMarkup(page.Posts, me, "/@"+v.User.Username)
	v.Older = older(r, page.Next)
	return s.render(w, http.StatusOK, v)
}

func (s *Server) following(w http.ResponseWriter, r *http.Request, me *store.User) error {
	v, err := s.person(r, me)
	if err != nil {
		return err
	}
	v.Page, v.Title, v.Tab = "people", "People "+v.User.DisplayName+" follows", "following"
	if v.People, err = s.store.Followees(r.Context(), v.User.ID); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, v)
}

func (s *Server) followers(w http.ResponseWriter, r *http.Request, me *store.User) error {
	v, err := s.person(r, me)
	if err != nil {
		return err
	}
	v.Page, v.Title, v.Tab = "people", "People who follow "+v.User.DisplayName, "followers"
	if v.People, err = s.store.Followers(r.Context(), v.User.ID); err != nil {
		return err
	}
	return s.render(w, http.StatusOK, v)
}

// person reads whom a profile's address names, with the numbers that stand on top.
func (s *Server) person(r *http.Request, me *store.User) (v view, err error) {
	v = view{Me: me}
	user, err := s.store.User(r.Context(), r.PathValue("username"))
	if err != nil {
		return v, err
	}
	v.User = &user
	if v.Counts, err = s.store.Counts(r.Context(), user.ID); err != nil {
		return v, err
	}
	if me != nil && me.ID != user.ID {
		v.Followed, err = s.store.Follows(r.Context(), me.ID, user.ID)
	}
	return v, err
}

func (s *Server) post(w http.ResponseWriter, r *http.Request, me *store.User) error {
	author, id, err := postAddress(r)
	if err != nil {
		return err
	}
	post, err := s.store.Post(r.Context(), viewerID(me), author, id)
	if err != nil {
		return err
	}
	return s.render(w, http.StatusOK, view{
		Page: "post", Title: post.DisplayName + " on chirp", Me: me,
		Posts: s.postsMarkup([]store.Post{post}, me, "/@"+post.Username+"/"+post.ID.String()),
	})
}

// postAddress reads /@name/id. The author's ID follows from the name.
func postAddress(r *http.Request) (author, id store.ID, err error) {
	id, err = store.ParseID(r.PathValue("post"))
	if err != nil {
		return 0, 0, store.ErrNotFound
	}
	return store.UserID(r.PathValue("username")), id, nil
}

func viewerID(me *store.User) store.ID {
	if me == nil {
		return 0
	}
	return me.ID
}

// before reads how far a timeline was read already; what is no ID means its beginning.
func before(r *http.Request) store.ID {
	id, err := store.ParseID(r.URL.Query().Get("before"))
	if err != nil {
		return 0
	}
	return id
}

// older is the address of a timeline's next page, or empty.
func older(r *http.Request, next store.ID) string {
	if next == 0 {
		return ""
	}
	query := url.Values{"before": {next.String()}}
	if q := r.URL.Query().Get("q"); q != "" {
		query.Set("q", q)
	}
	return "?" + query.Encode()
}
