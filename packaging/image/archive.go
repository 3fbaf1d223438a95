package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// assemble makes the image of its layers.
func (s settings) assemble(layers ...tree) (v1.Image, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for i, t := range layers {
		var packed bytes.Buffer
		if err := t.pack(&packed, s.time); err != nil {
			return nil, err
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil },
			tarball.WithMediaType(types.OCILayer))
		if err != nil {
			return nil, err
		}
		by := []string{"Debian packages", "imap-integration " + s.version}[i]
		history := v1.History{Created: v1.Time{Time: s.time}, CreatedBy: by}
		if image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: history}); err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", s.machine, v1.Time{Time: s.time}
	config.Config = s.config()
	return mutate.ConfigFile(image, config)
}

// config is how a container of the image is started. There is no entry point: the
// platform runs the scripts of the manifest with bash.
func (s settings) config() v1.Config {
	return v1.Config{
		Cmd:        []string{"bash"},
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/" + home},
		User:       fmt.Sprintf("%d:%d", user, user),
		WorkingDir: "/" + home,
		Labels: map[string]string{
			"org.opencontainers.image.title":       "imap-integration",
			"org.opencontainers.image.description": "IMAP integration for Sumo Logic Cloud SOAR",
			"org.opencontainers.image.licenses":    "MIT",
			"org.opencontainers.image.version":     s.version,
			"org.opencontainers.image.revision":    s.revision,
			"org.opencontainers.image.created":     s.time.Format("2006-01-02T15:04:05Z"),
		},
	}
}

// blobs collects the files of an archive by their path in it, in order.
type blobs struct {
	names []string
	data  map[string][]byte
}

func (b *blobs) add(name string, data []byte) {
	if _, known := b.data[name]; !known {
		b.names = append(b.names, name)
	}
	b.data[name] = data
}

func (b *blobs) addJSON(name string, document any) error {
	data, err := json.Marshal(document)
	b.add(name, data)
	return err
}

// write writes one file that is an OCI image layout (podman, skopeo, containerd,
// Docker since 25) and a docker-archive (every Docker) at the same time: the
// manifest.json of the latter names the blobs of the former.
func (s settings) write(image v1.Image) error {
	b := &blobs{data: map[string][]byte{}}
	manifest, err := image.RawManifest()
	if err != nil {
		return err
	}
	config, err := image.RawConfigFile()
	if err != nil {
		return err
	}
	layers, err := image.Layers()
	if err != nil {
		return err
	}
	configName, err := image.ConfigName()
	if err != nil {
		return err
	}
	b.add(blobName(configName), config)
	var layerNames []string
	for _, l := range layers {
		digest, data, err := compressed(l)
		if err != nil {
			return err
		}
		b.add(blobName(digest), data)
		layerNames = append(layerNames, blobName(digest))
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	b.add(blobName(digest), manifest)
	if err := s.describe(b, digest, len(manifest), blobName(configName), layerNames); err != nil {
		return err
	}
	return s.writeTar(b)
}

// describe adds the files that tell readers of both kinds what is in the archive.
func (s settings) describe(b *blobs, digest v1.Hash, size int, config string, layers []string) error {
	tag, err := name.NewTag(s.tag)
	if err != nil {
		return err
	}
	index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{{
		MediaType: types.OCIManifestSchema1, Size: int64(size), Digest: digest,
		Platform:    &v1.Platform{OS: "linux", Architecture: s.machine},
		Annotations: map[string]string{"io.containerd.image.name": tag.Name(), "org.opencontainers.image.ref.name": tag.TagStr()},
	}}}
	return errors.Join(
		b.addJSON("oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"}),
		b.addJSON("index.json", index),
		b.addJSON("manifest.json", []map[string]any{{"Config": config, "RepoTags": []string{s.tag}, "Layers": layers}}),
	)
}

func blobName(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

func compressed(l v1.Layer) (v1.Hash, []byte, error) {
	digest, err := l.Digest()
	if err != nil {
		return v1.Hash{}, nil, err
	}
	r, err := l.Compressed()
	if err != nil {
		return v1.Hash{}, nil, err
	}
	data, err := io.ReadAll(r)
	return digest, data, errors.Join(err, r.Close())
}

func (s settings) writeTar(b *blobs) error {
	if err := os.MkdirAll(filepath.Dir(s.out), 0o755); err != nil {
		return err
	}
	f, err := os.Create(s.out)
	if err != nil {
		return err
	}
	t := tar.NewWriter(f)
	for _, name := range b.names {
		h := &tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(b.data[name])), ModTime: s.time, Format: tar.FormatPAX}
		err = errors.Join(err, t.WriteHeader(h))
		_, writeErr := t.Write(b.data[name])
		err = errors.Join(err, writeErr)
	}
	if err := errors.Join(err, t.Close(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(s.out))
	}
	return nil
}
