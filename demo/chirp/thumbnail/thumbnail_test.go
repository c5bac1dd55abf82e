package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"sync/atomic"
	"testing"
)

func encoded(t *testing.T, source image.Image, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := encode(&out, source); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func asPNG(out *bytes.Buffer, source image.Image) error { return png.Encode(out, source) }

func filled(width, height int, fill color.Color) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, fill)
		}
	}
	return picture
}

func TestThumbnailsKeepTheirProportions(t *testing.T) {
	for _, c := range []struct{ width, height, wantWidth, wantHeight int }{
		{1280, 640, 640, 320}, {640, 1280, 320, 640}, {300, 200, 300, 200}, {640, 640, 640, 640}, {6400, 2, 640, 1}, {1, 2000, 1, 640},
	} {
		small, err := Make(encoded(t, filled(c.width, c.height, color.RGBA{200, 100, 50, 255}), asPNG))
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.Decode(bytes.NewReader(small))
		if err != nil {
			t.Fatal(err)
		}
		if got.Bounds().Dx() != c.wantWidth || got.Bounds().Dy() != c.wantHeight {
			t.Errorf("%d×%d became %v, want %d×%d", c.width, c.height, got.Bounds().Size(), c.wantWidth, c.wantHeight)
		}
		near(t, got.At(0, 0), color.RGBA{200, 100, 50, 255})
	}
}

// near allows for what JPEG changes.
func near(t *testing.T, got color.Color, want color.RGBA) {
	t.Helper()
	r, g, b, _ := got.RGBA()
	for i, pair := range [3][2]int{{int(r >> 8), int(want.R)}, {int(g >> 8), int(want.G)}, {int(b >> 8), int(want.B)}} {
		if pair[0]-pair[1] > 4 || pair[1]-pair[0] > 4 {
			t.Errorf("channel %d is %d, want %d", i, pair[0], pair[1])
		}
	}
}

func TestPixelsAreAveragedInLinearLight(t *testing.T) {
	checkered := image.NewRGBA(image.Rect(0, 0, 2*Edge, 2*Edge))
	for y := range 2 * Edge {
		for x := range 2 * Edge {
			if (x+y)%2 == 0 {
				checkered.SetRGBA(x, y, color.RGBA{255, 255, 255, 255})
			} else {
				checkered.SetRGBA(x, y, color.RGBA{0, 0, 0, 255})
			}
		}
	}
	// Half of the light is 188 in sRGB; averaging the encoded values would give 128.
	near(t, scale(checkered).At(100, 100), color.RGBA{188, 188, 188, 255})
}

func TestScalingKeepsEveryShadeOfAPlainPicture(t *testing.T) {
	for shade := range 256 {
		plain := filled(2*Edge, 2, color.RGBA{uint8(shade), uint8(shade), uint8(shade), 255})
		if got := scale(plain).RGBAAt(5, 0).R; int(got) != shade {
			t.Errorf("shade %d became %d", shade, got)
		}
	}
}

func TestTransparencyBecomesWhite(t *testing.T) {
	small, err := Make(encoded(t, image.NewNRGBA(image.Rect(0, 0, 20, 20)), asPNG))
	if err != nil {
		t.Fatal(err)
	}
	got, err := jpeg.Decode(bytes.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	near(t, got.At(10, 10), color.RGBA{255, 255, 255, 255})
}

func TestInspectReadsWhatBrowsersUpload(t *testing.T) {
	picture := filled(30, 20, color.Black)
	for want, content := range map[string][]byte{
		"image/png":  encoded(t, picture, asPNG),
		"image/jpeg": encoded(t, picture, func(out *bytes.Buffer, p image.Image) error { return jpeg.Encode(out, p, nil) }),
		"image/gif":  encoded(t, picture, func(out *bytes.Buffer, p image.Image) error { return gif.Encode(out, p, nil) }),
	} {
		if got, err := Inspect(content); err != nil || got != (Info{want, 30, 20}) {
			t.Errorf("%s: got %+v, %v", want, got, err)
		}
	}
}

func TestWhatIsNoImageIsRefused(t *testing.T) {
	huge := encoded(t, filled(1, 1, color.Black), asPNG)
	copy(huge[16:24], []byte{0, 0, 0x40, 0, 0, 0, 0x40, 0}) // 16384×16384 in the PNG's head; its checksum breaks with it
	truncated := encoded(t, filled(900, 900, color.Black), asPNG)
	for name, c := range map[string]struct {
		content []byte
		want    error
	}{
		"nothing": {nil, ErrFormat}, "text": {[]byte("<svg onload=alert(1)>"), ErrFormat}, "too large": {hugeGIF(), ErrTooLarge},
		"broken head": {huge, ErrFormat}, "truncated": {truncated[:len(truncated)/2], ErrFormat},
	} {
		if _, err := Make(c.content); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// hugeGIF claims 65535×65535 pixels.
func hugeGIF() []byte {
	return append([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), make([]byte, 8)...)
}

func TestWorkersBoundWhatWaitsAndFinishWhatTheyTook(t *testing.T) {
	began, release := make(chan int), make(chan struct{})
	var finished atomic.Int64
	workers := NewWorkers(1, 2, func(_ context.Context, job int) {
		began <- job
		<-release
		finished.Add(1)
	})
	for job := range 3 {
		if !workers.Submit(job) {
			t.Fatalf("job %d was refused", job)
		}
		if job == 0 {
			<-began // the first is worked on, so two may wait
		}
	}
	if workers.Submit(3) {
		t.Error("a third waiting job was accepted")
	}
	close(release)
	closed := make(chan error)
	go func() { closed <- workers.Close(context.Background()) }()
	for range 2 {
		<-began
	}
	if err := <-closed; err != nil || finished.Load() != 3 {
		t.Errorf("after Close %d of 3 jobs are finished (%v)", finished.Load(), err)
	}
	if workers.Submit(4) {
		t.Error("a job was accepted after Close")
	}
}

func TestWorkersDropWhatWaitsWhenTimeIsUp(t *testing.T) {
	began := make(chan struct{})
	var finished atomic.Int64
	workers := NewWorkers(1, 5, func(ctx context.Context, _ int) {
		began <- struct{}{}
		<-ctx.Done() // a job that notices that time is up
		finished.Add(1)
	})
	for job := range 3 {
		workers.Submit(job)
	}
	<-began
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := workers.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close says %v, want why it gave up", err)
	}
	if finished.Load() != 1 {
		t.Errorf("%d jobs ran, want the one that was being worked on", finished.Load())
	}
}
