// Where to look from, so that everybody stays in view whatever the shape of the window.
(() => {
  const HALF_ANGLE = Math.PI / 8; // of plotly's perspective, up and down
  const MARGIN = 1.12;
  const ROUNDS = 12;
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const unit = (a) => a.map((x) => x / (Math.hypot(...a) || 1));
  const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  const xyz = ([x, y, z]) => ({ x, y, z });

  // From a direction, as near as all points (scene units) allow, and with them in the middle of the picture.
  function fit(points, towardsEye, upwards, aspect) {
    const out = unit(towardsEye);
    const right = unit(cross(upwards, out));
    const up = cross(out, right);
    const tall = Math.tan(HALF_ANGLE) / MARGIN, wide = tall * aspect;
    const across = [[right, wide], [up, tall]];
    let centre = [0, 1, 2].map((k) => points.reduce((sum, point) => sum + point[k], 0) / points.length);
    let distance = 1;
    for (let round = 0; round < ROUNDS; round++) {
      const seen = points.map((point) => point.map((value, k) => value - centre[k]));
      distance = Math.max(0.05, ...seen.map((point) => dot(point, out) +
        Math.max(...across.map(([axis, reach]) => Math.abs(dot(point, axis)) / reach))));
      for (const [axis] of across) {
        const places = seen.map((point) => dot(point, axis) / (distance - dot(point, out)));
        const shift = (distance * (Math.max(...places) + Math.min(...places))) / 2;
        centre = centre.map((value, k) => value + shift * axis[k]);
      }
    }
    const eye = centre.map((value, k) => value + distance * out[k]);
    return { up: xyz(upwards), center: xyz(centre), eye: xyz(eye), projection: { type: "perspective" } };
  }

  Object.assign(uplift, { fit });
})();
