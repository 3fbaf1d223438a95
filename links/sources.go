package links

// source is what an attribute of an element leads to.
type source struct {
	name  string
	click bool
}

// sources are the attributes that browsers follow, by element.
var sources = map[string]map[string]source{
	"a":          {"href": {"a", true}, "ping": {"ping", false}},
	"area":       {"href": {"area", true}, "ping": {"ping", false}},
	"form":       {"action": {"form", true}},
	"button":     {"formaction": {"button", true}},
	"input":      {"formaction": {"button", true}, "src": {"image", false}},
	"base":       {"href": {"base", false}},
	"link":       {"href": {"link", false}},
	"iframe":     {"src": {"frame", false}, "longdesc": {"cite", false}},
	"frame":      {"src": {"frame", false}, "longdesc": {"cite", false}},
	"object":     {"data": {"object", false}},
	"embed":      {"src": {"object", false}},
	"script":     {"src": {"script", false}},
	"img":        {"src": {"image", false}, "srcset": {"image", false}, "longdesc": {"cite", false}},
	"image":      {"src": {"image", false}, "srcset": {"image", false}, "longdesc": {"cite", false}},
	"source":     {"src": {"media", false}, "srcset": {"image", false}},
	"video":      {"src": {"media", false}, "poster": {"image", false}},
	"audio":      {"src": {"media", false}},
	"track":      {"src": {"media", false}},
	"body":       {"background": {"image", false}},
	"table":      {"background": {"image", false}},
	"thead":      {"background": {"image", false}},
	"tbody":      {"background": {"image", false}},
	"tfoot":      {"background": {"image", false}},
	"tr":         {"background": {"image", false}},
	"td":         {"background": {"image", false}},
	"th":         {"background": {"image", false}},
	"blockquote": {"cite": {"cite", false}},
	"q":          {"cite": {"cite", false}},
	"del":        {"cite": {"cite", false}},
	"ins":        {"cite": {"cite", false}},
}

// anywhere are attributes that hold a target on elements where no browser looks
// for one. Other programs may: Outlook follows VML, old ones whatever they knew.
var anywhere = map[string]bool{
	"href": true, "src": true, "action": true, "formaction": true, "background": true, "poster": true, "data": true, "longdesc": true, "cite": true,
	"xlink:href": true, "lowsrc": true, "dynsrc": true, "ping": true, "codebase": true, "manifest": true, "srcset": true, "imagesrcset": true,
	"action-xhr": true,
}

// vml are the prefixes of elements that Outlook draws (VML, and Office's own).
var vml = []string{"v:", "o:", "w:"}

const (
	remarkVML         = "VML, which Outlook shows and browsers do not"
	remarkConditional = "in a conditional comment, which Outlook shows and browsers do not"
	remarkElement     = "an attribute that browsers do not follow on this element"
	remarkFallback    = "in text that is shown only where frames, scripts or objects are not"
	remarkPlace       = "an element that browsers leave out at this place"
	remarkRefresh     = "a refresh that browsers do not obey"
	remarkStyle       = "in a style that browsers cannot read and leave out"
	remarkDefanged    = "written so that no program makes a link of it"
	remarkDeep        = "a document that is not read: too many are inside of one another, or too large ones"
	remarkMany        = "not resolved: the document has more than 20,000 links, or more than 500 long ones"
	remarkScript      = "in a script, which is not run here"
	remarkUnread      = "no URL to a browser"
)
