package outlook

import (
	"encoding/binary"
	"strings"

	"github.com/richardlehane/mscfb"
)

// tree walks the directory's own links ([MS-CFB], section 2.6.4), each entry once.
func (f *cfbFile) tree(files []*mscfb.File) *cfbNode {
	root := &cfbNode{storage: true, file: files[0]}
	d := &directory{f: f, files: files, nodes: make([]*cfbNode, len(files))}
	d.nodes[0] = root
	d.walk(root, f.link(0, 8))
	d.adopt()
	return root
}

// directory is what is known of a file's entries by their number.
type directory struct {
	f     *cfbFile
	files []*mscfb.File
	nodes []*cfbNode // nil: not reached
}

// walk adds an entry, its siblings and what is inside them to a storage.
func (d *directory) walk(parent *cfbNode, id uint32) {
	type task struct {
		parent *cfbNode
		id     uint32
		node   *cfbNode // set: the left side is done
	}
	todo := []task{{parent: parent, id: id}}
	for len(todo) > 0 {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if t.node != nil {
			t.parent.children = append(t.parent.children, t.node)
			todo = append(todo, task{parent: t.parent, id: d.f.link(t.id, 4)})
			if t.node.storage {
				todo = append(todo, task{parent: t.node, id: d.f.link(t.id, 8)})
			}
			continue
		}
		if int64(t.id) >= int64(len(d.files)) || d.nodes[t.id] != nil {
			continue
		}
		t.node = d.f.node(t.id, d.files[t.id])
		d.nodes[t.id], t.node.parent = t.node, t.parent
		todo = append(todo, t, task{parent: t.parent, id: d.f.link(t.id, 0)})
	}
}

// adopt gives entries that no link leads to a place, since one lost link can take
// half of a message with it. Those that hang together come together. Their place is the
// storage in front of them that lost everything, else that of the entry in
// front of them, for programs write the entries of a storage one after the other.
func (d *directory) adopt() {
	led := make([]bool, len(d.files))
	for id := range d.files {
		if d.orphan(id) {
			d.f.orphans++
			for which := 0; which <= 8; which += 4 {
				if to := d.f.link(uint32(id), which); int64(to) < int64(len(led)) && int(to) != id {
					led[to] = true
				}
			}
		}
	}
	for _, heads := range []bool{true, false} { // then what only leads in a circle
		for id := range d.files {
			if d.orphan(id) && !(heads && led[id]) {
				d.walk(d.placeFor(id), uint32(id))
			}
		}
	}
}

func (d *directory) orphan(id int) bool {
	kind := d.f.entries[id*cfbEntrySize+66]
	return d.nodes[id] == nil && (kind == 1 || kind == 2)
}

// adoptBack and adoptUp bound the search for a place, in entries and storages.
const (
	adoptBack = 500
	adoptUp   = 50
)

func (d *directory) placeFor(id int) *cfbNode {
	var beside *cfbNode
	for at := id - 1; at > max(0, id-adoptBack); at-- {
		n := d.nodes[at]
		if n == nil {
			continue
		}
		if n.storage && len(n.children) == 0 {
			return n
		}
		if beside == nil {
			beside = n.parent
		}
	}
	if beside == nil {
		return d.nodes[0]
	}
	if name := d.f.node(uint32(id), d.files[id]).name; strings.HasPrefix(name, msgRecipient) || strings.HasPrefix(name, msgAttachment) {
		for up := 0; up < adoptUp && beside.parent != nil && beside.name != msgEmbeddedObject; up++ { // they belong to a message
			beside = beside.parent
		}
	}
	return beside
}

func (f *cfbFile) node(id uint32, file *mscfb.File) *cfbNode {
	entry := f.entries[int(id)*cfbEntrySize:]
	length := min(int(binary.LittleEndian.Uint16(entry[64:])), 64)
	return &cfbNode{name: decodeUTF16(entry[:max(length-2, 0)]), storage: entry[66] == 1, file: file}
}

// link returns the left (0), right (4) or child (8) link of an entry.
func (f *cfbFile) link(id uint32, which int) uint32 {
	entry := f.entries[int(id)*cfbEntrySize:]
	return binary.LittleEndian.Uint32(entry[68+which:])
}

// badLinks reports whether a link leads nowhere.
func (f *cfbFile) badLinks() bool {
	n := uint32(len(f.entries) / cfbEntrySize)
	for id := uint32(0); id < n; id++ {
		if kind := f.entries[int(id)*cfbEntrySize+66]; kind != 1 && kind != 2 && kind != 5 {
			continue
		}
		for which := 0; which <= 8; which += 4 {
			if to := f.link(id, which); to != cfbNoStream && to >= n {
				return true
			}
		}
	}
	return false
}
