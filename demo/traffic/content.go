package traffic

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
)

// What people are called and what they talk about. The words repeat, so that searches find something.
var (
	adjectives = strings.Fields(`amber brisk calm clever copper coral crisp dapper dusky eager early fabled fern fleet
		gentle golden happy hazel honest humble indigo ivory jolly juniper kind lively lucky lunar mellow merry misty
		mossy nimble olive patient plucky quick quiet rosy rustic sandy silver sleepy snowy sunny swift tidy velvet
		violet vivid daring wild windy wise witty`)
	birds = strings.Fields(`avocet bittern bunting chiffchaff coot crane curlew dipper dove dunlin eider falcon finch
		godwit goldcrest goose grebe gull harrier hawk heron hoopoe ibis jackdaw jay kestrel kingfisher kite lapwing lark
		linnet magpie martin merlin nightjar nuthatch oriole osprey owl petrel pipit plover puffin quail raven redstart
		robin rook ruff shrike siskin skylark snipe sparrow starling stilt swallow swan swift teal tern thrush tit
		turnstone wagtail warbler waxwing wigeon wren`)
	subjects = strings.Fields(`coffee bread garden train bicycle museum harbour library market mountain river kitchen
		camera guitar novel puzzle sweater telescope sourdough compiler database spreadsheet keyboard lighthouse orchard`)
	qualities = strings.Fields(`wonderful strange quiet tiny huge broken perfect surprising slow bright forgotten
		handmade rusty shiny muddy gentle suspicious splendid`)
	places = []string{"at home", "by the sea", "in the park", "at the station", "near the old bridge", "in the rain",
		"on the balcony", "down the road", "at work", "up in the hills", "in the attic"}
	tags = strings.Fields(`morning weekend smallthings birds photography cooking running reading music code walking tea
		autumn winter`)
	sentences = []string{
		"Found a %[1]s %[2]s %[3]s today.",
		"Nobody told me that a %[2]s could be so %[1]s.",
		"Spent the whole morning with the %[2]s %[3]s. Worth it.",
		"Does anybody else think that every %[2]s should be %[1]s?",
		"My neighbour has the most %[1]s %[2]s. I am a little jealous.",
		"Finally repaired the %[2]s. It only took three years.",
		"There is something about a %[1]s %[2]s %[3]s.",
		"Unpopular opinion: the best %[2]s is a %[1]s one.",
		"If you need me, I am %[3]s with a %[2]s.",
		"Today's plan: %[2]s, then tea, then more %[2]s.",
		"Lost my %[2]s %[3]s. If you see it: it looks %[1]s.",
		"A %[1]s %[2]s is better than none.",
	}
)

// name of one person.
type name struct{ username, display string }

// names makes count different ones, none longer than the site allows.
func names(count int, seed uint64) []name {
	random := rand.New(rand.NewPCG(seed, 0x6e616d6573)) // "names"
	order := random.Perm(len(adjectives) * len(birds))
	all := make([]name, count)
	for i := range all {
		pick := order[i%len(order)]
		adjective, bird := adjectives[pick/len(birds)], birds[pick%len(birds)]
		all[i] = name{adjective + "_" + bird, capital(adjective) + " " + capital(bird)}
		if round := i / len(order); round > 0 {
			all[i].username += strconv.Itoa(round)
		}
	}
	return all
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// sentence is something to say.
func sentence(random *rand.Rand, usernames []string) string {
	text := fmt.Sprintf(pick(random, sentences), pick(random, qualities), pick(random, subjects), pick(random, places))
	switch random.IntN(5) {
	case 0:
		text += " #" + pick(random, tags)
	case 1:
		text += " @" + pick(random, usernames)
	}
	return text
}

// searchText is something to look for.
func searchText(random *rand.Rand) string {
	switch random.IntN(3) {
	case 0:
		return pick(random, tags)
	case 1:
		return pick(random, qualities) + " " + pick(random, subjects)
	default:
		return pick(random, subjects)
	}
}

const (
	pictureCount   = 8 // different pictures that people post
	pictureWidth   = 800
	pictureHeight  = 520
	pictureQuality = 70
)

// lazyPictures draws the pictures when the first one is needed.
func lazyPictures() func() [][]byte {
	return sync.OnceValue(func() [][]byte {
		all := make([][]byte, pictureCount)
		for i := range all {
			var encoded bytes.Buffer
			if err := jpeg.Encode(&encoded, landscape(i), &jpeg.Options{Quality: pictureQuality}); err != nil {
				panic(err) // an image in memory is always encoded
			}
			all[i] = encoded.Bytes()
		}
		return all
	})
}

// palettes of the pictures: sky above, sky below, sun, then hills from far to near.
var palettes = [pictureCount][6]color.RGBA{
	{rgb(0xfbd3a1), rgb(0xf38a6b), rgb(0xfff3d6), rgb(0xb8586a), rgb(0x7a3e63), rgb(0x3c2750)},
	{rgb(0xa8d8ea), rgb(0xe8f3ee), rgb(0xffffff), rgb(0x7fb7a3), rgb(0x4d8b7c), rgb(0x2a5a57)},
	{rgb(0x2b2d5b), rgb(0x7c5a8f), rgb(0xf6e7c8), rgb(0x3e3f75), rgb(0x2a2b57), rgb(0x17183a)},
	{rgb(0xfde2c8), rgb(0xf9b9a7), rgb(0xfff8ea), rgb(0xe58a86), rgb(0xb76078), rgb(0x6f3a5c)},
	{rgb(0x7ec8e3), rgb(0xcfeaf1), rgb(0xfff6cf), rgb(0x8fbf6a), rgb(0x5b9a50), rgb(0x2f6b3e)},
	{rgb(0xf6c667), rgb(0xf1e3b4), rgb(0xfffbe8), rgb(0xd39b4a), rgb(0xa16a35), rgb(0x5f3d26)},
	{rgb(0x355c7d), rgb(0xc06c84), rgb(0xf9d9b8), rgb(0x6c5b7b), rgb(0x4a4669), rgb(0x2b2b48)},
	{rgb(0xd7e1ec), rgb(0xf4f6f8), rgb(0xffffff), rgb(0x9fb4c7), rgb(0x6f8aa3), rgb(0x3f5a76)},
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255}
}

const sunRadius = 56 // pixels

// landscape draws a sky, a sun and three rows of hills, in colours of its number.
func landscape(number int) image.Image {
	picture := image.NewRGBA(image.Rect(0, 0, pictureWidth, pictureHeight))
	palette := palettes[number]
	sunX, sunY := 150+float64(number*70), 130+float64(number%3)*40
	for y := range pictureHeight {
		for x := range pictureWidth {
			shade := mix(palette[0], palette[1], float64(y)/(pictureHeight*0.7))
			if math.Hypot(float64(x)-sunX, float64(y)-sunY) < sunRadius {
				shade = palette[2]
			}
			for row := range 3 {
				wave := math.Sin(float64(x)/(150-30*float64(row))+float64(number+2*row)) * (34 - 6*float64(row))
				if float64(y) > 290+float64(row)*75+wave {
					shade = palette[3+row]
				}
			}
			picture.SetRGBA(x, y, shade)
		}
	}
	return picture
}

func mix(from, to color.RGBA, share float64) color.RGBA {
	share = min(share, 1)
	blend := func(a, b uint8) uint8 { return uint8(float64(a)*(1-share) + float64(b)*share) }
	return color.RGBA{blend(from.R, to.R), blend(from.G, to.G), blend(from.B, to.B), 255}
}
