package archive

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"

	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

// Numbers of ISO 9660 (ECMA-119).
const (
	isoSector  = 2048
	isoMaxDirs = 1000
)

// isoReader reads disc images.
type isoReader struct{ *reader }

// read lists a disc image: the names of Joliet where they are, else the plain ones.
func (r isoReader) read() error {
	var root []byte
	joliet := false
	for n := int64(16); n < 32; n++ {
		d, err := at(r.data, n*isoSector, isoSector)
		if err != nil {
			break
		}
		if string(d[1:6]) != "CD001" || d[0] == 255 {
			break
		}
		if wide := d[0] == 2 && d[88] == '%' && d[89] == '/'; wide || d[0] == 1 && root == nil {
			root, joliet = d[156:190], wide
		}
	}
	if root == nil {
		return coded{message.CodeArchiveUnsupported, errors.New("a disc image without an ISO 9660 directory; UDF is not supported")}
	}
	if udf(r.data) {
		r.problem(message.CodeArchiveUnsupported, "the image has a UDF directory besides, which may show other files")
	}
	return r.isoFolders(root, joliet)
}

func udf(data []byte) bool {
	return bytes.Contains(data[min(len(data), 16*isoSector):min(len(data), 40*isoSector)], []byte("\x00NSR0"))
}

// isoEntry is a folder that waits.
type isoEntry struct {
	path   string
	record []byte
}

func (r isoReader) isoFolders(root []byte, joliet bool) error {
	seen := map[uint32]bool{}
	wait := []isoEntry{{"", root}}
	for len(wait) > 0 {
		e := wait[0]
		wait = wait[1:]
		place := binary.LittleEndian.Uint32(e.record[2:])
		if seen[place] {
			continue // a folder in itself
		}
		if seen[place] = true; len(seen) > isoMaxDirs || r.ctx.Err() != nil {
			return errLimit
		}
		dir, err := at(r.data, int64(place)*isoSector, int64(binary.LittleEndian.Uint32(e.record[10:])))
		if err != nil {
			return err
		}
		more, err := r.isoFolder(e.path, dir, joliet)
		if err != nil {
			return err
		}
		wait = append(wait, more...)
	}
	return nil
}

func (r isoReader) isoFolder(parent string, dir []byte, joliet bool) (folders []isoEntry, err error) {
	for i := 0; i < len(dir); {
		n := int(dir[i])
		if n == 0 { // the rest of the sector is empty
			i += isoSector - i%isoSector
			continue
		}
		if n < 34 || i+n > len(dir) || 33+int(dir[i+32]) > n {
			return folders, errors.New("an entry of a folder that is none")
		}
		record := dir[i : i+n]
		i += n
		raw := record[33 : 33+int(record[32])]
		if len(raw) == 1 && raw[0] < 2 {
			continue // the folder itself and its parent
		}
		name := parent + isoName(raw, joliet)
		if record[25]&2 != 0 {
			folders = append(folders, isoEntry{name + "/", record})
			continue
		}
		if err := r.isoFile(name, record); err != nil {
			return folders, err
		}
	}
	return folders, nil
}

func (r isoReader) isoFile(name string, record []byte) error {
	size := int64(binary.LittleEndian.Uint32(record[10:]))
	m, err := r.start(name, size)
	if err != nil {
		return err
	}
	data, err := at(r.data, int64(binary.LittleEndian.Uint32(record[2:]))*isoSector, size)
	if err == nil {
		err = r.fill(m, bytes.NewReader(data))
	}
	if err != nil {
		m.Add(code(err), "cannot be unpacked: %s", quote.Line(err.Error(), quote.Sentence))
	}
	return r.send(m)
}

// isoName takes the version off a name.
func isoName(raw []byte, joliet bool) string {
	name := string(raw)
	if joliet {
		name = message.UTF16(raw, binary.BigEndian)
	}
	name, _, _ = strings.Cut(name, ";")
	return strings.TrimSuffix(name, ".")
}
