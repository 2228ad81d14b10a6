// Shows the slice of a figure, {"slices", "positions", "values", "name", "runs", "marks"}, at which the slider stands.
function draw(figure) {
  const slider = document.getElementById("position"), last = figure.positions.length - 1;
  let shown = -1;

  function nearest(x) {
    let best = 0;
    figure.positions.forEach((p, i) => { if (Math.abs(p - x) < Math.abs(figure.positions[best] - x)) best = i; });
    return best;
  }
  let drawing = null; // one at a time: what is asked for meanwhile is drawn after it, but only the last
  function drawn() {
    const i = shown;
    return Plotly.react("polyrelu", figure.slices[i].data, figure.slices[i].layout, config).then(() => {
      if (i !== shown) return drawn();
      drawing = null;
    });
  }
  function show(i) {
    if (i !== shown) {
      shown = i;
      document.getElementById("value").textContent =
        figure.name + " = " + figure.values[i] + "  (" + (i + 1) + " of " + (last + 1) + ")";
      drawing = drawing || drawn();
    }
    return drawing;
  }
  function go(i) {
    i = Math.max(0, Math.min(last, i));
    slider.value = figure.positions[i];
    return show(i);
  }
  function place(name, text, from, to) {
    const element = document.createElement("div");
    element.className = name;
    element.style.left = 100 * from + "%";
    if (to !== undefined) element.style.width = 100 * (to - from) + "%";
    element.title = text;
    if (to !== undefined) element.textContent = text;
    document.getElementById("changes").append(element);
    return element;
  }
  const kinds = [];
  for (const [from, to, text] of figure.runs) {
    if (!kinds.includes(text)) kinds.push(text);
    place("run kind" + kinds.indexOf(text) % 6, text, from, to);
  }
  for (const [at, text] of figure.marks) place("mark", text, at).onclick = () => go(nearest(at));
  document.getElementById("note").textContent = figure.note;
  slider.oninput = () => show(nearest(Number(slider.value)));
  slider.onchange = () => go(shown);
  slider.onkeydown = event => {
    const steps = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5, Home: -last, End: last};
    if (event.key in steps) {
      event.preventDefault();
      go(shown + steps[event.key]);
    }
  };
  return go(figure.start);
}
