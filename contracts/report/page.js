"use strict";
// Everything can be read without this script; it adds a filter of the rules and buttons that copy.
(() => {
  const section = document.getElementById("rules");
  const rows = [...section.querySelectorAll("tbody tr")];
  const bar = document.createElement("div");
  const said = document.createElement("span");
  const words = document.createElement("input");
  const kinds = { "": "all", fail: "broken", warn: "odd", pass: "kept", "not-judged": "not judged" };
  let kind = "";

  const show = () => {
    const wanted = words.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = (!kind || row.dataset.outcome === kind) && row.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      shown += fits;
    }
    said.textContent = `${shown} of ${rows.length} rules`;
    for (const button of bar.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(button.dataset.kind === kind));
    }
  };

  for (const [name, label] of Object.entries(kinds)) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.kind = name;
    button.textContent = label;
    button.addEventListener("click", () => { kind = name; show(); });
    bar.append(button);
  }
  words.type = "search";
  words.placeholder = "word in a rule";
  words.setAttribute("aria-label", "Show only rules with this word");
  words.addEventListener("input", show);
  said.setAttribute("role", "status");
  bar.className = "filter";
  bar.append(words, said);
  section.querySelector("h2").after(bar);
  show();

  if (!navigator.clipboard) return;
  for (const block of document.querySelectorAll("pre.command")) {
    const frame = document.createElement("div");
    const button = document.createElement("button");
    frame.className = "copied";
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.textContent);
      button.textContent = "Copied";
    });
    block.replaceWith(frame);
    frame.append(block, button);
  }
})();
