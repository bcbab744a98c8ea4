// People in 3D on a canvas: x right, y away, z up, metres; drag turns, the wheel zooms.

const GRID_M = 5;

export class Figure {
  constructor(canvas) {
    this.canvas = canvas;
    this.people = [];
    this.bones = [];
    this.sides = {};
    this.turn = 0.35;
    this.tilt = 0.18;
    this.distance = 5;
    this.middle = [0, 3, 0.9];
    this.listen();
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
    canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) this.move(event.movementX * -0.008, event.movementY * 0.006);
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY * 0.001));
    }, { passive: false });
    const keys = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, 0.08], ArrowDown: [0, -0.08] };
    canvas.addEventListener("keydown", (event) => {
      if (keys[event.key]) this.move(...keys[event.key]);
      else if (event.key === "+") this.zoom(0.9);
      else if (event.key === "-") this.zoom(1.1);
      else return;
      event.preventDefault();
    });
  }

  move(turn, tilt) {
    this.turn += turn;
    this.tilt = Math.min(1.5, Math.max(-0.1, this.tilt + tilt));
    this.draw();
  }

  zoom(factor) {
    this.distance = Math.min(20, Math.max(1.5, this.distance * factor));
    this.draw();
  }

  show(people) {
    this.people = people;
    if (people.length) {
      // Follow slowly, so that steps are seen as steps.
      const mean = [0, 1].map((axis) => people.reduce((sum, one) => sum + one.pose_m[0][axis], 0) / people.length);
      const far = Math.hypot(mean[0] - this.middle[0], mean[1] - this.middle[1]) > 2;
      for (const axis of [0, 1]) this.middle[axis] += (far ? 1 : 0.05) * (mean[axis] - this.middle[axis]);
    }
    this.draw();
  }

  // A point in metres to pixels and its distance from the eye; null behind the eye.
  project([x, y, z]) {
    const [dx, dy, dz] = [x - this.middle[0], y - this.middle[1], z - this.middle[2]];
    const [c, s] = [Math.cos(this.turn), Math.sin(this.turn)];
    const [right, away] = [c * dx - s * dy, s * dx + c * dy];
    const [ct, st] = [Math.cos(this.tilt), Math.sin(this.tilt)];
    const [up, deep] = [ct * dz + st * away, ct * away - st * dz + this.distance];
    if (deep < 0.2) return null;
    const scale = (0.9 * Math.min(this.height, 1.4 * this.width)) / deep / 0.9;
    return [this.width / 2 + right * scale, this.height / 2 - up * scale, deep, scale];
  }

  draw() {
    const { canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    [this.width, this.height] = [canvas.clientWidth, canvas.clientHeight];
    if (!this.width || !this.height) return;
    [canvas.width, canvas.height] = [this.width * ratio, this.height * ratio];
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    pen.lineCap = "round";
    this.style = getComputedStyle(document.documentElement);
    this.drawFloor(pen);
    const limbs = this.people.flatMap((one) => this.limbs(one));
    limbs.sort((a, b) => b.deep - a.deep);
    for (const limb of limbs) line(pen, limb.from, limb.to, limb.colour, limb.width, limb.faint ? 0.75 : 1);
  }

  drawFloor(pen) {
    const colour = this.style.getPropertyValue("--floor");
    const [x, y] = [Math.round(this.middle[0]), Math.round(this.middle[1])];
    for (let k = -GRID_M; k <= GRID_M; k += 0.5) {
      const width = Number.isInteger(k) ? 1.2 : 0.6;
      this.stroke(pen, [x + k, y - GRID_M, 0], [x + k, y + GRID_M, 0], colour, width);
      this.stroke(pen, [x - GRID_M, y + k, 0], [x + GRID_M, y + k, 0], colour, width);
    }
  }

  // In short pieces, so that what is behind the eye is left out and no more.
  stroke(pen, from, to, colour, width) {
    const steps = 10;
    let before = this.project(from);
    for (let k = 1; k <= steps; k++) {
      const here = this.project(from.map((value, axis) => value + ((to[axis] - value) * k) / steps));
      if (before && here) line(pen, before, here, colour, width, Math.min(1, 4 / here[2]));
      before = here;
    }
  }

  limbs(one) {
    const light = this.style.getPropertyValue("--trunk-light").trim() === "1";
    return this.bones.flatMap(([a, b, side]) => {
      const [from, to] = [this.project(one.pose_m[a]), this.project(one.pose_m[b])];
      if (!from || !to) return [];
      const trunk = light ? `color-mix(in srgb, ${one.colour} 55%, white)` : one.colour;
      const colour = side === "middle" ? trunk : this.sides[side];
      const width = Math.max(2, (side === "middle" ? 0.085 : 0.06) * from[3]);
      return [{ from, to, colour, width, deep: (from[2] + to[2]) / 2, faint: !one.observed }];
    });
  }
}

function line(pen, from, to, colour, width, alpha) {
  pen.globalAlpha = alpha;
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.beginPath();
  pen.moveTo(from[0], from[1]);
  pen.lineTo(to[0], to[1]);
  pen.stroke();
}
