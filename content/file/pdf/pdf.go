// Package pdf reads PDF files: the text of the pages, link annotations, actions,
// scripts, attached files, and QR codes on the pages as they are drawn.
//
// PDF is a program for a parser with a bad record, so PDFium, the parser of a
// browser, runs in WebAssembly: it has memory of its own with a limit, no file, no
// network and no clock that matters, ends with the context, and its crash is an
// error. It is interpreted, not compiled to machine code: that starts in half a
// second instead of four, and most emails have no more than a page or two. Nothing
// of it is made ready before the first PDF. Pictures are searched for QR codes without it as
// well: a page is drawn too coarse for a small code in a large scan. What PDFium does not show (actions on
// opening, launched programs, forms) is looked for in the objects themselves.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdfium_errors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"example.org/imap-integration/content/file/held"
	"example.org/imap-integration/content/file/qr"
	"example.org/imap-integration/message"
	"example.org/imap-integration/quote"
)

const (
	maxSize    = 32 << 20               // bytes of a file
	maxDrawn   = 10                     // pages of a file that are searched for QR codes
	drawnSide  = 900                    // pixels of the longer side of a drawn page
	maxWait    = 30 * time.Second       // for a fresh instance; ctx ends it before
	maxWork    = 700 * time.Millisecond // processor time of one file, once PDFium is there
	collecting = 40                     // percent that the heap may grow while PDFium is made ready
	collected  = 20                     // and once it holds its 130 MiB
)

// compiled keeps PDFium parsed between files. It is by far the largest thing in
// memory, and all of it stays: so garbage is collected earlier from then on, and a
// limit that the program has set itself is raised by what PDFium takes.
var compiled = sync.OnceValue(func() wazero.CompilationCache {
	const size = 140 << 20
	collectAt(collecting)
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64-size {
		debug.SetMemoryLimit(limit + size)
	}
	return wazero.NewCompilationCache()
})

// madeReady gives back what only the making took, half as much again as what stays.
var madeReady = sync.OnceFunc(func() {
	collectAt(collected)
	debug.FreeOSMemory()
})

// collectAt has the garbage collector work earlier, never later.
func collectAt(percent int) {
	if old := debug.SetGCPercent(percent); old >= 0 && old < percent {
		debug.SetGCPercent(old)
	}
}

// reader is the reading of one file.
type reader struct {
	ctx      context.Context
	pdfium   pdfium.Pdfium
	document references.FPDF_DOCUMENT
	content  *held.Content
	budget   *held.Budget
}

// Read adds what a PDF file holds to c.
func Read(ctx context.Context, c *held.Content, data []byte, passwords []held.Password, b *held.Budget) {
	found := len(c.Links)
	plain := data
	read := func(r *reader) error {
		if r.encrypted() {
			plain = nil // nothing in it is what it seems
		}
		err := r.pages()
		if err == nil && plain == nil {
			plain, err = r.decrypted()
		}
		return err
	}
	if start(ctx, c, data, passwords, b, read) {
		addActions(c, plain, found, b)
		addImages(ctx, c, plain, b)
	}
}

// Check names what is wrong with a PDF file as far as the bytes tell without its reader, which
// takes a second of processor time and 130 MiB to start: one that is too large, that holds nothing,
// that no password opens, or that was cut. [Read] tells whether it can be read all the same.
func Check(c *held.Content, data []byte, passwords []held.Password, b *held.Budget) {
	switch {
	case int64(len(data)) > min(maxSize, b.Bytes):
		c.Add(message.CodeLimitFile, tooLarge, len(data))
	case !hasObjects(data):
		c.Add(message.CodeFileDamaged, "the PDF has no object, so it cannot be read")
	case locked(data, passwords, b):
		c.Add(message.CodeFileEncrypted, noPassword)
	default:
		nameEnd(c, data)
	}
}

// What is said of a file in both ways.
const (
	tooLarge   = "the PDF of %d bytes was not read: too large"
	noPassword = "the PDF is encrypted; none of the passwords opens it"
)

// nameEnd names a file whose end is missing: where its objects lie stands there (ISO 32000-1, section 7.5.5).
func nameEnd(c *held.Content, data []byte) {
	const tail = 2048 // bytes in which readers look
	if !bytes.Contains(data[max(0, len(data)-tail):], []byte("startxref")) && tableAt(data) < 0 {
		c.Add(message.CodeFileDamaged, "the end of the PDF is missing: it was cut, and tells no more where its parts are")
	}
}

// hasObjects reports whether there is anything in a file that PDFium could open: every
// object begins with "obj" (ISO 32000-1, section 7.3.10), those that hold others too.
func hasObjects(data []byte) bool { return bytes.Contains(data, []byte("obj")) }

// start opens a file and does something with it. False: it was not tried.
func start(ctx context.Context, c *held.Content, data []byte, passwords []held.Password, b *held.Budget, then func(*reader) error) bool {
	switch {
	case int64(len(data)) > min(maxSize, b.Bytes):
		c.Add(message.CodeLimitFile, tooLarge, len(data))
		return false
	case b.Work <= 0:
		c.Add(message.CodeLimitFile, "the PDF was not read: those before it took too much work")
		return false
	}
	b.Bytes -= int64(len(data))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := pdfium_errors.ErrFormat
	if hasObjects(data) {
		r := &reader{ctx: ctx, content: c, budget: b}
		err = r.read(cancel, data, passwords, then)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		c.Add(message.CodeLimitFile, "the PDF was not read to its end: it takes too much work")
	case errors.Is(err, pdfium_errors.ErrPassword), errors.Is(err, pdfium_errors.ErrSecurity):
		c.Add(message.CodeFileEncrypted, noPassword)
	default:
		c.Add(message.CodeFileDamaged, "the PDF cannot be read to its end: %s", reason(err))
	}
	return true
}

// reason is an error without the stack that a crash in WebAssembly brings. Where
// PDFium finds no memory it ends itself, "unreachable".
func reason(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\n")
	return quote.Line(first, quote.Sentence)
}

// read reads with PDFium, and has cancel end it when the time of one file is over.
func (r *reader) read(cancel func(), data []byte, passwords []held.Password, then func(*reader) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("its reader failed: %v", p)
		}
	}()
	config := wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(memoryLimit >> 16).WithCloseOnContextDone(true).WithCompilationCache(compiled())
	pool, err := webassembly.Init(webassembly.Config{
		MaxIdle: 1, MaxTotal: 1, RuntimeConfig: config, Context: withMemory(r.ctx), Stdout: io.Discard, Stderr: io.Discard,
	})
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }()
	instance, err := pool.GetInstance(maxWait)
	if err != nil {
		return err
	}
	madeReady()
	defer r.watch(cancel)()
	r.pdfium = instance
	if err := r.open(data, passwords); err != nil {
		return err
	}
	return then(r)
}

// watch ends the reading when it has worked for too long. The function that it
// returns ends the watch.
func (r *reader) watch(cancel func()) (stop func()) {
	const often = 20 * time.Millisecond
	runtime.LockOSThread()
	worked := threadClock()
	begun, limit := worked(), min(maxWork, r.budget.Work)
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(often)
		defer tick.Stop()
		for worked()-begun < limit {
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
		cancel()
	}()
	return func() {
		close(done)
		r.budget.Work -= worked() - begun
		runtime.UnlockOSThread()
	}
}

// open opens the document, with a password where it needs one.
func (r *reader) open(data []byte, passwords []held.Password) error {
	data, fitting := unlock(data, passwords, r.budget)
	d, err := r.pdfium.OpenDocument(&requests.OpenDocument{File: &data})
	for i := 0; errors.Is(err, pdfium_errors.ErrPassword) && i < len(fitting); i++ {
		d, err = r.pdfium.OpenDocument(&requests.OpenDocument{File: &data, Password: &fitting[i]})
	}
	if err != nil {
		return err
	}
	r.document = d.Document
	return nil
}

func (r *reader) pages() error {
	count, err := r.pdfium.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: r.document})
	if err != nil {
		return err
	}
	r.extras()
	read := min(count.PageCount, r.budget.Pages)
	if read < count.PageCount {
		r.content.Add(message.CodeLimitFile, "of %d pages the first %d were read", count.PageCount, read)
	}
	if drawn := min(read, maxDrawn); drawn < read {
		r.content.Add(message.CodeLimitFile, "of %d pages the first %d were searched for QR codes", count.PageCount, drawn)
	}
	r.budget.Pages -= read
	for i := range read {
		if err := r.page(i); err != nil {
			if r.ctx.Err() != nil {
				return err
			}
			r.content.Add(message.CodeFileDamaged, "page %d of the PDF cannot be read: %s", i+1, reason(err))
		}
	}
	for i := range min(read, maxDrawn) {
		if err := r.draw(i); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) page(i int) error {
	loaded, err := r.pdfium.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: r.document, Index: i})
	if err != nil {
		return err
	}
	page := requests.Page{ByReference: &loaded.Page}
	defer func() { _, _ = r.pdfium.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page}) }()
	if text, err := r.pdfium.GetPageText(&requests.GetPageText{Page: page}); err != nil {
		return err
	} else if body := strings.ReplaceAll(text.Text, "\r\n", "\n"); strings.TrimSpace(body) != "" {
		r.content.Texts = append(r.content.Texts, held.Text{Where: fmt.Sprintf("page %d", i+1), Body: body})
	}
	for start := 0; ; {
		l, err := r.pdfium.FPDFLink_Enumerate(&requests.FPDFLink_Enumerate{Page: page, StartPos: start})
		if err != nil || l.Link == nil || l.NextStartPos == nil || *l.NextStartPos <= start {
			return nil // there is none: that is an error to this library
		}
		start = *l.NextStartPos
		r.link(*l.Link)
	}
}

// link adds the target of an annotation.
func (r *reader) link(l references.FPDF_LINK) {
	a, err := r.pdfium.FPDFLink_GetAction(&requests.FPDFLink_GetAction{Link: l})
	if err != nil || a.Action == nil {
		return // a place in the document
	}
	if uri, err := r.pdfium.FPDFAction_GetURIPath(&requests.FPDFAction_GetURIPath{Document: r.document, Action: *a.Action}); err == nil && uri.URIPath != nil {
		r.content.AddLink(held.Link{URL: *uri.URIPath, Where: "annotation", Clickable: true})
	} else if file, err := r.pdfium.FPDFAction_GetFilePath(&requests.FPDFAction_GetFilePath{Action: *a.Action}); err == nil && file.FilePath != nil {
		r.content.AddLink(held.Link{URL: *file.FilePath, Where: "launch", Clickable: true})
	}
}

// extras adds scripts and attached files.
func (r *reader) extras() {
	if js, err := r.pdfium.GetJavaScriptActions(&requests.GetJavaScriptActions{Document: r.document}); err == nil {
		for _, a := range js.JavaScriptActions {
			r.content.AddScript(a.Script)
		}
	}
	attached, err := r.pdfium.GetAttachments(&requests.GetAttachments{Document: r.document})
	if err != nil {
		return
	}
	for _, a := range attached.Attachments {
		m := held.Member{Name: a.Name, Size: int64(len(a.Content))}
		if m.Size > r.budget.Bytes || r.budget.Members <= 0 {
			m.Add(message.CodeLimitArchive, "not taken out of the PDF: too much")
		} else {
			m.Data, m.Read = a.Content, true
			r.budget.Bytes -= m.Size
			r.budget.Members--
		}
		r.content.Members = append(r.content.Members, m)
	}
}

// draw searches a page as a person sees it.
func (r *reader) draw(i int) error {
	cost := qr.PageCost(drawnSide, drawnSide)
	if r.budget.Pixels < cost {
		r.content.Add(message.CodeLimitFile, "page %d was not searched for QR codes: too many pictures before it", i+1)
		return nil
	}
	r.budget.Pixels -= cost
	drawn, err := r.pdfium.RenderPageInPixels(&requests.RenderPageInPixels{
		Page: requests.Page{ByIndex: &requests.PageByIndex{Document: r.document, Index: i}}, Width: drawnSide, Height: drawnSide,
	})
	if err != nil {
		return err
	}
	qr.SearchPage(r.ctx, r.content, drawn.Result.RenderedImage, fmt.Sprintf("qr on page %d", i+1))
	drawn.Cleanup()
	return nil
}
