package web

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"strings"
	"testing"
	"time"
)

func pictureOf(t *testing.T, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// postPicture sends the composer's form as a browser does.
func (v *visitor) postPicture(body string, picture []byte) answer {
	v.t.Helper()
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	if err := writer.WriteField("body", body); err != nil {
		v.t.Fatal(err)
	}
	file, err := writer.CreateFormFile("image", "picture.png")
	if err != nil {
		v.t.Fatal(err)
	}
	file.Write(picture)
	writer.Close()
	return v.do("POST", "/posts", &form, "Content-Type", writer.FormDataContentType())
}

// awaitThumbnail asks until the background has made it; until then one is sent to the original.
func (v *visitor) awaitThumbnail(imagePath string) answer {
	v.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got := v.get(imagePath + "/thumbnail")
		if got.status != 302 {
			return got.want(200)
		}
		got.wantHeader("Location", imagePath).wantHeader("Cache-Control", "no-store")
		if time.Now().After(deadline) {
			v.t.Fatal("no thumbnail was made")
		}
	}
}

func TestAPictureIsPostedAndGetsAThumbnail(t *testing.T) {
	s := startSite(t)
	maya := s.member(t, "maya")
	original := pictureOf(t, 1280, 800)
	maya.postPicture("look at this", original).want(303)
	page := maya.get("/").want(200, "look at this", `<img src="/images/`)
	_, rest, _ := strings.Cut(page.body, `<img src="/images/`)
	path := "/images/" + rest[:strings.IndexByte(rest, '/')]

	got := maya.get(path).want(200).wantHeader("Content-Type", "image/png").wantHeader("Cache-Control", immutable)
	if got.body != string(original) {
		t.Error("the original changed")
	}
	maya.get(path, "If-None-Match", got.header.Get("ETag")).want(304)

	small := maya.awaitThumbnail(path).wantHeader("Content-Type", "image/jpeg").wantHeader("Cache-Control", immutable)
	config, err := jpeg.DecodeConfig(strings.NewReader(small.body))
	if err != nil || config.Width != 640 || config.Height != 400 {
		t.Errorf("the thumbnail is %d×%d (%v), want 640×400", config.Width, config.Height, err)
	}
	maya.get(path+"/thumbnail", "If-None-Match", small.header.Get("ETag")).want(304)
}

func TestTheSlowJobIsAnOrdinaryRequest(t *testing.T) {
	s := startSite(t)
	maya := s.member(t, "maya")
	uploaded := decode[imageJSON](maya.do("POST", "/images", bytes.NewReader(pictureOf(t, 900, 900))).want(201))
	worker := s.visitor(t)
	for range 2 { // a queue may deliver it twice
		worker.json("POST", "/work/thumbnail", `{"image": "`+uploaded.ID+`"}`).want(200)
	}
	worker.get(uploaded.ThumbnailURL).want(200)
	worker.json("POST", "/work/thumbnail", `{"image": "1-1"}`).want(404)
	worker.json("POST", "/work/thumbnail", `{"image": "../etc"}`).want(400)
	worker.json("POST", "/work/thumbnail", ``).want(400)

	made := maya.json("POST", "/api/posts", `{"body": "with image", "image": "`+uploaded.ID+`"}`).want(201)
	if post := decode[postJSON](made); post.Image == nil || post.Image.URL != uploaded.URL {
		t.Errorf("the post's image: %+v", post.Image)
	}
	noor := s.member(t, "noor")
	noor.json("POST", "/api/posts", `{"body": "stolen", "image": "`+uploaded.ID+`"}`).want(422)
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	s := startSite(t)
	maya := s.member(t, "maya")
	for name, c := range map[string]struct {
		content []byte
		status  int
	}{
		"a page":    {[]byte("<html><script>alert(1)</script>"), 422},
		"an SVG":    {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 422},
		"too large": {append(pictureOf(t, 1, 1), make([]byte, maxImage)...), 413},
		"endless":   {make([]byte, maxUploadBody+1), 413},
	} {
		if got := maya.postPicture("text", c.content); got.status != c.status {
			t.Errorf("%s in the composer: status %d, want %d", name, got.status, c.status)
		}
		if got := maya.do("POST", "/images", bytes.NewReader(c.content)); got.status != c.status {
			t.Errorf("%s as an upload: status %d, want %d", name, got.status, c.status)
		}
	}
	maya.get("/").want(200).lacks(`class="post"`)
	s.visitor(t).do("POST", "/images", bytes.NewReader(pictureOf(t, 1, 1))).want(401)
	maya.get("/images/1-1").want(404)
	maya.get("/images/1-1/thumbnail").want(404)
	maya.get("/images/x").want(404)
}
