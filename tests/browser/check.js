/* check.js - put behind the script of a copy of report.html: uses the page as a person does, and says
 * what it saw in an element that the test reads. */
"use strict";
const tell = text => {
  const says = document.createElement("p");
  says.id = "checks";
  says.textContent = text;
  document.body.append(says);
};
addEventListener("error", e => tell(`FAILED ${e.message}; 0 passed, 1 failed`));
addEventListener("load", () => setTimeout(() => {
  let passed = 0;
  const failed = [];
  const check = (what, good) => good ? ++passed : failed.push(what);
  const plots = [...document.querySelectorAll(".plot")];
  const first = plots[0];
  const svg = () => first.querySelector("svg.live");
  const ticks = (at = first) => [...at.querySelectorAll("svg text[text-anchor=middle]")].map(t => parseFloat(t.textContent.replace("k", "e3")));
  const path = (at = first) => at.querySelector("path.curve:not(.faint)").getAttribute("d");
  const mouse = (type, x, more = {}) => {
    const box = svg().getBoundingClientRect();
    svg().dispatchEvent(new PointerEvent(type, { bubbles: true, pointerId: 1, button: 0, clientX: box.left + x * box.width, clientY: box.top + 100, ...more }));
  };
  const set = (input, value) => {
    if (input.type === "checkbox") input.checked = value; else input.value = value;
    input.dispatchEvent(new Event(input.type === "checkbox" ? "change" : "input"));
  };

  check("a plot for each metric, the loss first", plots.map(p => p.querySelector("figcaption").firstChild.textContent).join() === "loss,accuracy,lr");
  check("still pictures were replaced", !document.querySelector("svg.still") && plots.every(p => p.querySelector("svg.live")));
  check("training and validation on one plot", first.querySelectorAll("path.curve").length === 2);
  check("controls appear", !document.querySelector(".controls").hidden);
  check("every curve has a finite path", [...document.querySelectorAll("path.curve")].every(p => p.getAttribute("d") && !/NaN|Infinity/.test(p.getAttribute("d"))));
  check("no number is cut off at an edge", [...document.querySelectorAll("svg.live")].every(plot => {
    const edge = plot.getBoundingClientRect();
    return [...plot.querySelectorAll("text")].map(t => t.getBoundingClientRect()).every(t => t.left >= edge.left && t.right <= edge.right);
  }));
  check("steps on the axis", ticks()[0] >= 0 && Math.max(...ticks()) <= 1000);

  mouse("pointermove", .5);
  const tip = first.querySelector(".tip");
  check("values under the pointer", !tip.hidden && /^step \d+ · epoch/.test(tip.textContent) && tip.querySelectorAll("div").length === 2);
  mouse("pointerleave", .5);
  check("and gone again", tip.hidden);

  const whole = path(), last = path(plots[2]);
  mouse("pointerdown", .4), mouse("pointermove", .5), mouse("pointerup", .6);
  check("dragging looks closer", Math.min(...ticks()) > 300 && Math.max(...ticks()) < 700 && path() !== whole);
  check("on every plot", Math.min(...ticks(plots[2])) > 300 && path(plots[2]) !== last);
  const button = document.querySelector(".controls button");
  check("the button for all steps wakes", !button.disabled);
  svg().dispatchEvent(new MouseEvent("dblclick"));
  check("double-click shows all", path() === whole && button.disabled);

  svg().focus();
  const wheel = new WheelEvent("wheel", { deltaY: -400, clientX: svg().getBoundingClientRect().left + 300, cancelable: true });
  svg().dispatchEvent(wheel);
  check("the wheel zooms", path() !== whole && wheel.defaultPrevented);
  svg().dispatchEvent(new KeyboardEvent("keydown", { key: "0" }));
  check("a key shows all", path() === whole);
  svg().blur();
  const scroll = new WheelEvent("wheel", { deltaY: -400, cancelable: true });
  svg().dispatchEvent(scroll);
  check("the page scrolls over a plot that was not clicked", path() === whole && !scroll.defaultPrevented);

  const [slider, log] = document.querySelectorAll(".controls input");
  set(slider, 60);
  check("smoothing", path() !== whole && first.querySelectorAll("path.faint").length === 2);
  set(slider, 0);
  check("and back", path() === whole);
  const linear = [...first.querySelectorAll("text[text-anchor=end]")].map(t => t.textContent).join();
  set(log, true);
  check("a logarithmic scale", path() !== whole && [...first.querySelectorAll("text[text-anchor=end]")].map(t => t.textContent).join() !== linear);
  set(log, false);
  const key = first.querySelector("button.key");
  key.click();
  check("a curve can be hidden", first.querySelectorAll("path.curve").length === 1 && key.classList.contains("off"));
  key.click();
  check("and shown", first.querySelectorAll("path.curve").length === 2);

  const cells = [...document.querySelectorAll(".confusion tbody tr")].map(r => [...r.children].map(c => c.textContent));
  check("the confusion matrix", cells.length === 2 && cells[0].join() === "cat,8,2,10,80.0 %,88.9 %");
  check("pictures are there", [...document.images].length === 2 && [...document.images].every(i => i.complete && i.naturalWidth > 0));
  check("texts", document.querySelector(".texts pre").textContent === "To be <\/script> or\n\ufffd not");
  check("nothing ran that came from a file", window.evil === undefined);
  check("changed options stand first", document.querySelector(".options th").textContent === "lr");
  check("no sideways scrolling", document.documentElement.scrollWidth <= innerWidth);
  check("nothing was fetched", performance.getEntriesByType("resource").every(e => e.name.startsWith("data:")));
  tell(failed.map(f => `FAILED ${f}; `).join("") + `${passed} passed, ${failed.length} failed`);
}, 100));
