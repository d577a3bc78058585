// The path through all puzzles: what is next when one is done, how far the reader is in each chapter, and the page that
// lists them (builder/levels.rs), to which it adds stars. The builder gives the list to `locksmith.levels`:
//
//     { home: "levels.html", pages: [["index.html", ["exercise-not-a-lock", …]], …] }
(() => {
  "use strict";

  const locksmith = (window.locksmith ||= {});
  // As the builder's `Level::title`.
  const title = (id) => {
    const name = id.slice(id.indexOf("-") + 1).replaceAll("-", " ");
    return name[0].toUpperCase() + name.slice(1);
  };
  const all = () => (locksmith.levels?.pages || []).flatMap(([page, levels]) =>
    levels.map((id) => ({ id, title: title(id), page })));
  const kept = (id) => locksmith.store?.get(id) || {};
  // mdBook puts into each page how it gets to the folder of the first one.
  const root = () => (typeof path_to_root === "string" ? path_to_root : "");
  const address = ({ page, id }) => `${root()}${page}#${id}`;
  const make = (parent, tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.textContent = text;
    parent.append(element);
    return element;
  };

  // The level after that one, or the list after the last.
  locksmith.next = (id) => {
    const levels = all();
    const at = levels.findIndex((level) => level.id === id);
    if (at < 0) return undefined;
    const next = levels[at + 1];
    if (next) return { href: address(next), text: `Next, level ${at + 2}: ${next.title} →` };
    const { home } = locksmith.levels;
    return home ? { href: root() + home, text: "That was the last level. See all →" } : undefined;
  };

  // In the list of chapters.
  const drawChapters = () => {
    for (const [page, levels] of locksmith.levels?.pages || []) {
      const done = levels.filter((id) => kept(id).done).length;
      const target = new URL(root() + page, location.href).href;
      for (const link of document.querySelectorAll(".sidebar .chapter a[href]")) {
        if (link.href !== target) continue;
        const count = link.querySelector(".levels-count") || make(link, "span", "levels-count", "");
        count.textContent = done ? ` ${done === levels.length ? "✓ " : ""}${done}/${levels.length}` : "";
        count.title = `${done} of ${levels.length} levels done`;
      }
    }
  };

  // In the list of levels.
  const drawLevels = (home) => {
    let [done, stars] = [0, 0];
    let first;
    const items = [...home.querySelectorAll("li[data-id]")];
    for (const item of items) {
      const state = kept(item.dataset.id);
      const n = state.done ? state.stars || 0 : 0;
      if (state.done) done += 1;
      else first ||= item.querySelector("a");
      stars += n;
      item.classList.toggle("levels-done", !!state.done);
      const shown = item.querySelector(".levels-stars") || make(item, "span", "levels-stars", "");
      shown.textContent = "★★★".slice(0, n) + "☆☆☆".slice(n);
      shown.role = "img";
      shown.ariaLabel = state.done ? `Done, ${n} of 3 stars` : "Not done yet";
      const best = Math.min(...Object.values(state.best || {}));
      const mine = item.querySelector(".levels-best") || make(item, "span", "levels-best", "");
      mine.textContent = best < Infinity ? `best ${best}` : "";
    }
    const sum = home.querySelector(".levels-sum");
    sum.firstChild.textContent = `${done} of ${items.length} levels done, ${stars} of ${3 * items.length} stars. `;
    const go = sum.querySelector("a");
    go.hidden = !first;
    if (first) {
      go.href = first.href;
      go.textContent = `${done ? "Go on" : "Begin"}: ${first.textContent} →`;
    }
    home.querySelector("button").disabled = !done;
  };

  // Above and below that list: where to go on, and how to begin again.
  const furnish = (home) => {
    const sum = document.createElement("p");
    sum.className = "levels-sum";
    sum.append("");
    make(sum, "a", "", "");
    home.prepend(sum);
    const forget = make(home, "button", "", "Forget all stars and answers");
    forget.type = "button";
    forget.onclick = () => {
      if (!confirm("Forget all stars, ways and answers? Your own program is kept.")) return;
      locksmith.store.forget(/^(exercise-|explore-(?!own$)|question\.)/);
    };
  };

  const draw = () => {
    drawChapters();
    document.querySelectorAll(".levels").forEach(drawLevels);
  };
  const start = () => {
    document.querySelectorAll(".levels").forEach(furnish);
    draw();
    document.addEventListener("locksmith", draw);
    addEventListener("storage", draw); // another tab
    addEventListener("pageshow", draw); // back from a level
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
