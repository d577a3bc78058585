// A question with a few choices (builder/predict.rs): each becomes a button; picking one says whether it is
// right and opens the answer. Without this script there are a list and an answer to open.
(() => {
  "use strict";
  for (const root of document.querySelectorAll(".predict")) {
    const items = [...root.querySelectorAll(".predict-choices li")];
    const said = root.querySelector(".predict-said");
    const details = root.querySelector("details");
    const right = +root.dataset.right;
    const buttons = items.map((item, i) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...item.childNodes);
      item.append(button);
      button.onclick = () => {
        if (root.classList.contains("predict-done")) return;
        root.classList.add("predict-done");
        items[right].classList.add("predict-right");
        if (i !== right) items[i].classList.add("predict-wrong");
        buttons.forEach((b, k) => {
          b.setAttribute("aria-pressed", k === i);
          b.setAttribute("aria-disabled", true);
        });
        said.textContent = i === right ? "Right." : `Not so. It is: ${buttons[right].textContent}`;
        details.open = true;
      };
      return button;
    });
    root.classList.add("predict-live");
  }
})();
