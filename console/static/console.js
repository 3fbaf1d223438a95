// Everything works without this script. It shows progress as it comes, copies
// digests, and puts the cursor into a search.
"use strict";

const watched = document.querySelector("[data-watch]");
if (watched) {
  const stream = new EventSource(watched.dataset.watch);
  stream.onmessage = (event) => {
    const now = JSON.parse(event.data);
    if (now.ended) {
      stream.close();
      location.reload();
      return;
    }
    const bar = watched.querySelector("progress");
    if (now.total > 0) {
      bar.max = now.total;
      bar.value = now.done;
      watched.querySelector("[data-count]").textContent =
        now.done.toLocaleString("en") + " of " + now.total.toLocaleString("en");
    }
    for (const step of now.steps || []) {
      const line = document.querySelector(`[data-step="${CSS.escape(step.name)}"]`);
      if (!line) continue;
      line.dataset.status = step.status;
      line.querySelector(".status").textContent = step.status;
      line.querySelector(".detail bdi").textContent = step.detail;
      line.querySelector(".ms").textContent = step.milliseconds.toLocaleString("en") + " ms";
    }
  };
}

for (const place of document.querySelectorAll("[data-copy]")) {
  const text = place.textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  place.append(" ", button);
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  const first = document.querySelector("[data-first]");
  if (event.key === "/" && !typing && first && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    first.focus();
    first.select();
  }
});

const wrong = document.querySelector(".field.wrong :is(input, select, textarea)");
if (wrong) wrong.focus({ preventScroll: false });
