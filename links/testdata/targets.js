// What Chromium makes of a document: its http(s) targets, resolved. DOMParser
// documents are inert: no script runs and nothing is loaded.
const ATTRIBUTES = {
  a: ["href"], area: ["href"], form: ["action"], button: ["formaction"], input: ["formaction", "src"], base: ["href"], link: ["href"],
  iframe: ["src", "longdesc"], frame: ["src", "longdesc"], object: ["data"], embed: ["src"], script: ["src"], img: ["src", "longdesc"],
  source: ["src"], video: ["src", "poster"], audio: ["src"], track: ["src"], body: ["background"], table: ["background"],
  thead: ["background"], tbody: ["background"], tfoot: ["background"], td: ["background"], th: ["background"], tr: ["background"], blockquote: ["cite"], q: ["cite"], del: ["cite"], ins: ["cite"],
};
function resolveOne(value, base) {
  try { return base ? new URL(value, base).href : new URL(value).href; } catch { return ""; }
}
function cssText(s) {
  return s.replace(/\\([0-9a-f]{1,6}) ?|\\(.)/gi, (_, hex, c) => hex ? String.fromCodePoint(parseInt(hex, 16)) : c);
}
function cssTargets(text, add) {
  for (const m of text.matchAll(/url\("((?:[^"\\]|\\.)*)"\)/g)) {
    add(cssText(m[1]));
  }
}
function srcset(value, add) {
  for (let rest = value; (rest = rest.replace(/^[ \t\n\f\r,]+/, "")) !== "";) {
    const address = rest.match(/^[^ \t\n\f\r]+/)[0];
    rest = rest.slice(address.length);
    const bare = address.replace(/,+$/, "");
    add(bare);
    if (bare !== address) continue;
    let depth = 0, i = 0;
    for (; i < rest.length; i++) {
      if (rest[i] === "(") depth++;
      else if (rest[i] === ")") depth = Math.max(0, depth - 1);
      else if (rest[i] === "," && depth === 0) { i++; break; }
    }
    rest = rest.slice(i);
  }
}
function refresh(content, add) {
  const m = content.match(/^[ \t\n\f\r]*(?:[0-9]+|(?=\.))[0-9.]*(?:[;,]|[ \t\n\f\r]+[;,]?)[ \t\n\f\r]*(?:url[ \t\n\f\r]*=[ \t\n\f\r]*)?([^]*)$/i);
  if (!m || m[1] === "") return;
  let url = m[1];
  if (url[0] === "'" || url[0] === '"') {
    const end = url.indexOf(url[0], 1);
    url = end < 0 ? url.slice(1) : url.slice(1, end);
  }
  add(url);
}
function collect(markup, base, out, depth) {
  const doc = new DOMParser().parseFromString(markup, "text/html");
  let start = base;
  const first = [...doc.querySelectorAll("base[href]")][0];
  if (first) {
    const resolved = resolveOne(first.getAttribute("href"), base);
    if (resolved && !/^(data|javascript):/.test(resolved)) start = resolved;
  }
  walk(doc, start, base, out, depth);
}
function walk(root, start, base, out, depth) {
  const add = (value, from = start) => {
    const resolved = resolveOne(value, from);
    if (/^https?:/.test(resolved)) out.add(resolved);
    if (depth < 4 && /^data:[^,]*(html|svg|xml)/i.test(resolved)) {
      const m = resolved.match(/^data:([^,]*),([^#]*)/);
      let body = decodeURIComponent(m[2].replace(/%(?![0-9a-f]{2})/gi, "%25"));
      if (/base64\s*$/.test(m[1])) { try { body = new TextDecoder().decode(Uint8Array.from(atob(body), c => c.charCodeAt(0))); } catch { return; } }
      collect(body, "", out, depth + 1);
    }
  };
  for (const el of root.querySelectorAll("*")) {
    const name = el.localName;
    if (el.namespaceURI === "http://www.w3.org/1999/xhtml") {
      for (const attribute of ATTRIBUTES[name] || []) {
        if (el.hasAttribute(attribute)) add(el.getAttribute(attribute), name === "base" ? base : start);
      }
      if ((name === "img" || name === "source") && el.hasAttribute("srcset")) srcset(el.getAttribute("srcset"), add);
      if ((name === "a" || name === "area") && el.hasAttribute("ping")) el.getAttribute("ping").split(/[ \t\n\f\r]+/).forEach((one) => add(one));
      if (name === "iframe" && el.hasAttribute("srcdoc") && depth < 4) collect(el.getAttribute("srcdoc"), start, out, depth + 1);
      if (name === "meta" && (el.getAttribute("http-equiv") || "").toLowerCase() === "refresh") refresh(el.getAttribute("content") || "", add);
      if (name === "style") styleSheet(el.textContent, add);
      if (name === "template") walk(el.content, start, base, out, depth);
    } else if (el.namespaceURI === "http://www.w3.org/2000/svg") {
      if (el.hasAttribute("href")) add(el.getAttribute("href"));
      if (el.hasAttributeNS("http://www.w3.org/1999/xlink", "href")) add(el.getAttributeNS("http://www.w3.org/1999/xlink", "href"));
      if (name === "style") styleSheet(el.textContent, add);
    }
    if (el.style && el.hasAttribute("style")) cssTargets(el.style.cssText, add);
  }
}
function styleSheet(text, add) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  for (const rule of sheet.cssRules) cssTargets(rule.cssText, add);
  // Constructed sheets drop @import; it counts only in front of other rules.
  const one = /^(?:@charset\s+"[^"]*"\s*;\s*)?@import\s*(?:url\(\s*)?(?:"([^"\n]*)"|'([^'\n]*)'|([^"')\s;(]+))\s*\)?[^;]*;\s*/i;
  for (let rest = text.replace(/\/\*[^]*?\*\//g, "").trim(), m; (m = rest.match(one)); rest = rest.slice(m[0].length)) add(cssText(m[1] ?? m[2] ?? m[3]));
}
function targetsOfAll(list) {
  return list.map((markup) => { const out = new Set(); collect(markup, "", out, 0); return [...out]; });
}
function resolveAll(list) {
  return list.map(([base, target]) => [resolveOne(target, base)]);
}
