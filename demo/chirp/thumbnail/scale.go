// Package thumbnail makes small pictures of large ones: [Make] is the slow job itself, a pure function of the original's
// bytes, and [Workers] run such jobs beside the requests. It knows neither HTTP nor the database.
package thumbnail

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif" // decoders for what people upload
	"image/jpeg"
	_ "image/png"
	"math"
)

const (
	// Edge is the longer side of a thumbnail, in pixels; smaller originals keep their size.
	Edge = 640
	// MaxPixels of an original. Decoded, it takes four bytes each: 64 MiB.
	MaxPixels = 16 << 20

	jpegQuality = 82
)

// Errors that tell whoever uploaded the image what is wrong with it.
var (
	ErrFormat   = errors.New("not a JPEG, PNG or GIF image")
	ErrTooLarge = fmt.Errorf("an image of more than %d megapixels", MaxPixels>>20)
)

// Info is what an image says of itself.
type Info struct {
	ContentType   string
	Width, Height int // pixels
}

// Inspect reads an image's head without decoding it.
func Inspect(original []byte) (Info, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(original))
	if err != nil || config.Width <= 0 || config.Height <= 0 {
		return Info{}, ErrFormat
	}
	if config.Width > MaxPixels/config.Height {
		return Info{}, ErrTooLarge
	}
	return Info{"image/" + format, config.Width, config.Height}, nil
}

// Make returns a JPEG of the original, no longer than [Edge] on either side. It takes some 50 ms per megapixel.
func Make(original []byte) ([]byte, error) {
	if _, err := Inspect(original); err != nil {
		return nil, err
	}
	decoded, _, err := image.Decode(bytes.NewReader(original))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, scale(flatten(decoded)), &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("encoding a thumbnail: %w", err)
	}
	return out.Bytes(), nil
}

// flatten draws an image on white, because JPEG has no transparency.
func flatten(source image.Image) *image.RGBA {
	flat := image.NewRGBA(image.Rect(0, 0, source.Bounds().Dx(), source.Bounds().Dy()))
	draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), source, source.Bounds().Min, draw.Over)
	return flat
}

// scale shrinks an opaque image so that it fits into a square of [Edge] by averaging the area below each new pixel, in
// linear light: averaging the gamma-encoded values would darken fine detail.
func scale(source *image.RGBA) *image.RGBA {
	width, height := fit(source.Bounds().Dx(), source.Bounds().Dy())
	if width == source.Bounds().Dx() && height == source.Bounds().Dy() {
		return source
	}
	linear, encoded := linearTable(), encodedTable()
	columns := spans(source.Bounds().Dx(), width)
	rows := spans(source.Bounds().Dy(), height)
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	for y, row := range rows {
		for x, column := range columns {
			small.SetRGBA(x, y, average(source, column, row, linear, encoded))
		}
	}
	return small
}

// fit keeps the proportions; neither side gets below one pixel.
func fit(width, height int) (int, int) {
	longer := max(width, height)
	if longer <= Edge {
		return width, height
	}
	return max(1, width*Edge/longer), max(1, height*Edge/longer)
}

// span is a half-open range of source pixels.
type span struct{ from, to int }

// spans divides length source pixels among parts new ones, so that each gets at least one.
func spans(length, parts int) []span {
	all := make([]span, parts)
	for i := range all {
		from := i * length / parts
		all[i] = span{from, max(from+1, (i+1)*length/parts)}
	}
	return all
}

func average(source *image.RGBA, column, row span, linear *[256]float32, encoded *[encodedSteps]uint8) color.RGBA {
	var red, green, blue float32
	for y := row.from; y < row.to; y++ {
		line := source.Pix[y*source.Stride+4*column.from : y*source.Stride+4*column.to]
		for i := 0; i+3 < len(line); i += 4 {
			red += linear[line[i]]
			green += linear[line[i+1]]
			blue += linear[line[i+2]]
		}
	}
	pixels := float32((column.to - column.from) * (row.to - row.from))
	encode := func(sum float32) uint8 {
		return encoded[min(encodedSteps-1, int(math.Sqrt(float64(sum/pixels))*(encodedSteps-1)+0.5))]
	}
	return color.RGBA{encode(red), encode(green), encode(blue), 255}
}

// linearTable maps an sRGB value to linear light (IEC 61966-2-1).
func linearTable() *[256]float32 {
	var table [256]float32
	for i := range table {
		value := float64(i) / 255
		if value <= 0.04045 {
			table[i] = float32(value / 12.92)
		} else {
			table[i] = float32(math.Pow((value+0.055)/1.055, 2.4))
		}
	}
	return &table
}

// encodedSteps is fine enough for the error to stay below one of the 256 values.
const encodedSteps = 2048

// encodedTable maps the square root of linear light, 0 to 1 in equal steps, back to an sRGB value. The root makes the
// steps nearly even to the eye, so that a small table is exact in the dark, too.
func encodedTable() *[encodedSteps]uint8 {
	var table [encodedSteps]uint8
	for i := range table {
		root := float64(i) / (encodedSteps - 1)
		value := root * root
		if value <= 0.0031308 {
			value *= 12.92
		} else {
			value = 1.055*math.Pow(value, 1/2.4) - 0.055
		}
		table[i] = uint8(math.Round(value * 255))
	}
	return &table
}
