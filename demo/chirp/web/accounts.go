package web

import (
	"net/http"

	"ladder/demo/chirp/store"
)

// credentials are what the forms for signing up and in send, and the API as JSON.
type credentials struct {
	Username    string `json:"username"`
	DisplayName string `json:"display_name"`
	Password    string `json:"password"`
}

func formCredentials(r *http.Request) credentials {
	return credentials{r.PostFormValue("username"), r.PostFormValue("display_name"), r.PostFormValue("password")}
}

func (s *Server) signUpPage(w http.ResponseWriter, r *http.Request, me *store.User) error {
	return s.accountPage(w, r, me, view{Page: "signup", Title: "Sign up"})
}

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request, me *store.User) error {
	return s.accountPage(w, r, me, view{Page: "signin", Title: "Sign in"})
}

func (s *Server) accountPage(w http.ResponseWriter, r *http.Request, me *store.User, page view) error {
	if me != nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	return s.render(w, http.StatusOK, page)
}

func (s *Server) signUp(w http.ResponseWriter, r *http.Request, _ *store.User) error {
	entered := formCredentials(r)
	if _, err := s.register(w, r, entered); err != nil {
		return s.refill(w, err, view{Page: "signup", Title: "Sign up", Form: entered})
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request, _ *store.User) error {
	entered := formCredentials(r)
	if _, err := s.enter(w, r, entered); err != nil {
		return s.refill(w, err, view{Page: "signin", Title: "Sign in", Form: entered})
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, _ *store.User) error {
	if err := s.endSession(w, r); err != nil {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// register makes an account and signs it in.
func (s *Server) register(w http.ResponseWriter, r *http.Request, entered credentials) (store.User, error) {
	username := store.NormalizeUsername(entered.Username)
	user, err := s.store.CreateUser(r.Context(), username, entered.DisplayName, entered.Password, s.passwords)
	if err != nil {
		return store.User{}, err
	}
	return user, s.startSession(w, r, user)
}

// enter signs an account in.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, entered credentials) (store.User, error) {
	username := store.NormalizeUsername(entered.Username)
	user, err := s.store.CheckPassword(r.Context(), username, entered.Password, s.passwords)
	if err != nil {
		return store.User{}, err
	}
	return user, s.startSession(w, r, user)
}

// refill shows a form again with what was entered and what is wrong with it; other failures stay failures.
func (s *Server) refill(w http.ResponseWriter, err error, page view) error {
	told := explain(err)
	if told.field == "" {
		return err
	}
	page.Error = told
	return s.render(w, told.status, page)
}

func (s *Server) settingsPage(w http.ResponseWriter, _ *http.Request, me store.User) error {
	return s.render(w, http.StatusOK, view{Page: "settings", Title: "Settings", Me: &me, Form: me})
}

func (s *Server) settings(w http.ResponseWriter, r *http.Request, me store.User) error {
	changed := me
	changed.DisplayName, changed.Bio = r.PostFormValue("display_name"), r.PostFormValue("bio")
	if err := s.store.UpdateProfile(r.Context(), me.ID, changed.DisplayName, changed.Bio); err != nil {
		return s.refill(w, err, view{Page: "settings", Title: "Settings", Me: &me, Form: changed})
	}
	http.Redirect(w, r, "/@"+me.Username, http.StatusSeeOther)
	return nil
}
