// The chosen curve of everybody shown, where people are in view and measured, and the video's pictures.
(() => {
  const FLOOR = 78; // of the curve, in the 1000 × 100 box; below are the people's own lines
  const ROWS = [83, 100];

  // Runs of numbers in a row that holds nulls.
  function pieces(values) {
    const runs = [];
    values.forEach((value, f) => {
      if (value === null) return;
      if (f > 0 && values[f - 1] !== null && runs.length) runs[runs.length - 1].push(f);
      else runs.push([f]);
    });
    return runs;
  }

  // The lines of a curve: one a person, or left and right. Alone, sides have their own colours.
  function lines(motion, curve, shown) {
    const alone = shown.length === 1;
    return shown.flatMap((p) => curve.sides.map(({ side, values }) => ({
      values: values[p], side, person: p, dashed: !alone && side === "right",
      colour: alone && side ? uplift.colour(p, side) : uplift.colour(p, "middle"),
    })));
  }

  function range(curve, drawn) {
    const all = drawn.flatMap((line) => line.values.filter((value) => value !== null));
    if (!all.length) return [0, 1];
    const low = curve.signed ? all.reduce((a, b) => Math.min(a, b)) : 0, high = all.reduce((a, b) => Math.max(a, b));
    return high > low ? [low, high] : [low - 1, high + 1];
  }

  function draw(motion, curve, shown, x) {
    const drawn = lines(motion, curve, shown);
    const [low, high] = range(curve, drawn);
    const y = (value) => FLOOR - 2 - ((FLOOR - 6) * (value - low)) / (high - low);
    const shapes = [`<line class="base" x1="0" x2="1000" y1="${FLOOR}" y2="${FLOOR}"/>`];
    if (low < 0 && high > 0) shapes.push(`<line class="base" x1="0" x2="1000" y1="${y(0)}" y2="${y(0)}"/>`);
    for (const line of drawn) {
      for (const run of pieces(line.values)) {
        const path = run.map((f) => `${x(f).toFixed(1)} ${y(line.values[f]).toFixed(1)}`).join(" L");
        shapes.push(`<path class="${line.dashed ? "dashed" : ""}" style="stroke:${line.colour}" d="M${path}"/>`);
      }
    }
    const height = (ROWS[1] - ROWS[0]) / Math.max(1, shown.length);
    shown.forEach((p, row) => {
      const person = motion.people[p], top = ROWS[0] + row * height, middle = top + height / 2;
      for (const run of pieces(person.poses)) {
        const [a, b] = [x(run[0]), x(run[run.length - 1])];
        shapes.push(`<line class="there" style="stroke:${uplift.colour(p, "middle")}" x1="${a}" x2="${b}" y1="${middle}" y2="${middle}"/>`);
      }
      person.observed.forEach((seen, f) => {
        if (seen) shapes.push(`<line class="key" x1="${x(f)}" x2="${x(f)}" y1="${top + 0.1 * height}" y2="${top + 0.9 * height}"/>`);
      });
    });
    return { svg: shapes.join(""), high: written(curve, high), low: curve.signed ? written(curve, low) : "" };
  }

  function written(curve, value) {
    const text = (value / curve.scale).toFixed(curve.digits).replace(/^-(?=0(\.0*)?$)/, "").replace("-", "−");
    return text + (curve.unit === "°" ? "°" : ` ${curve.unit}`);
  }

  // What the curve says at one frame, as texts with their colours.
  function valuesAt(motion, curve, shown, f) {
    return lines(motion, curve, shown.slice(0, 4)).filter((line) => line.values[f] !== null).map((line) => ({
      colour: line.colour,
      text: `${line.side && `${line.side} `}${written(curve, line.values[f])}`,
    }));
  }

  // As many pictures as fit side by side, each at its time.
  function film(place, pictures, share) {
    place.replaceChildren();
    place.hidden = !pictures.length;
    const width = place.clientWidth;
    let free = 0;
    pictures.forEach((picture, n) => {
      const wide = 46 * picture.aspect;
      const left = Math.min(Math.max(0, share(picture.time) * width - wide / 2), width - wide);
      if (left < free) return;
      free = left + wide + 2;
      const image = document.createElement("img");
      image.src = picture.data;
      image.alt = "";
      image.dataset.n = n;
      image.style.left = `${left}px`;
      place.append(image);
    });
  }

  Object.assign(uplift, { timeline: draw, valuesAt, film });
})();
