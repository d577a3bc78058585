// A question with a few choices (builder/predict.rs): each becomes a button; picking one says whether it is
// right and opens the answer. The browser keeps what was picked. Without this script there are a list and an answer
// to open.
(() => {
  "use strict";
  // What a browser keeps an answer under: other words are another question.
  const key = (text) => {
    let hash = 0;
    for (const c of text.replace(/\s+/g, " ").trim()) hash = (hash * 31 + c.codePointAt(0)) >>> 0;
    return "question." + hash.toString(36);
  };
  const store = window.locksmith?.store;

  for (const root of document.querySelectorAll(".predict")) {
    const items = [...root.querySelectorAll(".predict-choices li")];
    const said = root.querySelector(".predict-said");
    const details = root.querySelector("details");
    const right = +root.dataset.right;
    const name = key(root.querySelector(".predict-question").textContent + root.querySelector(".predict-choices").textContent);
    const buttons = items.map((item, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...item.childNodes);
      item.append(button);
      button.onclick = () => {
        if (root.classList.contains("predict-done")) return;
        pick(i);
        store?.set(name, { choice: i });
      };
      return button;
    });
    const pick = (i) => {
      root.classList.add("predict-done");
      items[right].classList.add("predict-right");
      if (i !== right) items[i].classList.add("predict-wrong");
      buttons.forEach((b, k) => {
        b.ariaPressed = k === i;
        b.ariaDisabled = true;
      });
      said.textContent = i === right ? "Right." : `Not so. It is: ${buttons[right].textContent}`;
      details.open = true;
    };
    const { choice } = store?.get(name) || {};
    if (buttons[choice]) pick(choice);
    root.classList.add("predict-live");
  }
})();
