package postgres

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/xi2/xz"
)

const (
	// maxUnpacked bounds what an archive unpacks to, in bytes, and maxEntries in files.
	maxUnpacked = 2 << 30
	maxEntries  = 50_000
	// readBuffer in bytes between the archive and its decompressor.
	readBuffer = 256 << 10
)

// unpackArchive unpacks a .txz into a new directory. Nothing in the archive can reach outside of it: all writing goes
// through an os.Root.
func unpackArchive(ctx context.Context, archive, directory string) error {
	if err := os.Mkdir(directory, publicMode); err != nil {
		return err
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Chmod(".", publicMode); err != nil { // PostgreSQL's user has to get in, whatever the umask
		return err
	}
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	decompressed, err := xz.NewReader(bufio.NewReaderSize(file, readBuffer), 0)
	if err != nil {
		return err
	}
	entries := tar.NewReader(io.LimitReader(decompressed, maxUnpacked))
	for count := 0; ; count++ {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && count >= maxEntries {
			err = fmt.Errorf("more than %d files", maxEntries)
		}
		if err == nil {
			err = context.Cause(ctx)
		}
		if err == nil {
			err = unpackEntry(root, header, entries)
		}
		if err != nil {
			return err
		}
	}
}

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	if err := root.MkdirAll(path.Dir(name), publicMode); err != nil {
		return err
	}
	switch header.Typeflag {
	case tar.TypeDir:
		if err := root.MkdirAll(name, publicMode); err != nil {
			return err
		}
		return root.Chmod(name, publicMode)
	case tar.TypeReg:
		return unpackFile(root, name, fs.FileMode(header.Mode).Perm(), content)
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	case tar.TypeLink:
		return root.Link(path.Clean(header.Linkname), name)
	default:
		return fmt.Errorf("%s is neither file, directory nor link", header.Name)
	}
}

func unpackFile(root *os.Root, name string, mode fs.FileMode, content io.Reader) error {
	mode |= readableMode // programs for everybody
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Chmod(mode), file.Close())
}
