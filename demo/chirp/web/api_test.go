package web

import (
	"encoding/json"
	"strings"
	"testing"
)

func (v *visitor) json(method, path, body string) answer {
	v.t.Helper()
	return v.do(method, path, strings.NewReader(body), "Content-Type", "application/json")
}

func decode[T any](a answer) (document T) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.body), &document); err != nil {
		a.t.Fatalf("%s: %v: %s", a.what, err, a.body)
	}
	return document
}

func TestAPI(t *testing.T) {
	s := startSite(t)
	maya, noor := s.visitor(t), s.visitor(t)
	maya.json("POST", "/api/users", `{"username": "maya", "display_name": "Maya", "password": "long enough"}`).want(201, `"username":"maya"`)
	noor.json("POST", "/api/users", `{"username": "noor", "password": "long enough"}`).want(201)
	noor.json("POST", "/api/users", `{"username": "maya", "password": "long enough"}`).want(409, `"field":"username"`)
	noor.json("POST", "/api/users", `{`).want(400)
	maya.get("/api/me").want(200, `"display_name":"Maya"`)

	post := decode[postJSON](maya.json("POST", "/api/posts", `{"body": "by the API"}`).want(201))
	if post.Body != "by the API" || post.Author.Username != "maya" || post.URL != "/@maya/"+post.ID {
		t.Errorf("the post that was made: %+v", post)
	}
	path := "/api/users/maya/posts/" + post.ID
	if got := decode[postJSON](noor.json("PUT", path+"/like", "").want(200)); got.Likes != 1 || !got.Liked {
		t.Errorf("after liking: %+v", got)
	}
	if got := decode[postJSON](maya.get(path).want(200)); got.Likes != 1 || got.Liked {
		t.Errorf("another's like, as the author sees it: %+v", got)
	}
	noor.json("DELETE", path+"/like", "").want(200, `"likes":0`)

	noor.get("/api/home").want(200, `"posts":[]`)
	noor.json("PUT", "/api/users/maya/follow", "").want(204)
	noor.get("/api/home").want(200, "by the API")
	profile := decode[profileJSON](noor.get("/api/users/maya").want(200))
	if !profile.Followed || profile.Followers != 1 || profile.Posts != 1 {
		t.Errorf("the profile: %+v", profile)
	}
	noor.json("DELETE", "/api/users/maya/follow", "").want(204)
	for _, timeline := range []string{"/api/posts", "/api/users/maya/posts", "/api/search?q=api"} {
		if got := decode[pageJSON](noor.get(timeline).want(200)); len(got.Posts) != 1 || got.Next != "" {
			t.Errorf("%s: %+v", timeline, got)
		}
	}

	noor.json("DELETE", path, "").want(403)
	maya.json("DELETE", path, "").want(204)
	maya.get(path).want(404)
	maya.json("DELETE", "/api/session", "").want(204)
	maya.json("POST", "/api/posts", `{"body": "signed out"}`).want(401)
	maya.json("POST", "/api/session", `{"username": "maya", "password": "wrong"}`).want(422)
	maya.json("POST", "/api/session", `{"username": "maya", "password": "long enough"}`).want(200)
	maya.get("/api/me").want(200)
}
