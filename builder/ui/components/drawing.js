// Strokes are drawn at once; the picture is sent when a stroke ends, so a drawing costs few reruns.
const boards = new WeakSet();

export default function ({ parentElement, setStateValue }) {
  const canvas = parentElement.querySelector("canvas");
  const clear = parentElement.querySelector("button");
  // Called again on every rerun: the board keeps its listeners and its strokes.
  if (boards.has(canvas)) return;
  boards.add(canvas);

  const pen = canvas.getContext("2d");
  pen.lineWidth = 20;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "#fff";
  let drawing = false;

  const blank = () => {
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, canvas.width, canvas.height);
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) * canvas.width) / box.width,
      ((event.clientY - box.top) * canvas.height) / box.height,
    ];
  };
  const send = () => {
    if (!drawing) return;
    drawing = false;
    setStateValue("picture", canvas.toDataURL("image/png"));
  };

  blank();
  canvas.addEventListener("pointerdown", (event) => {
    drawing = true;
    canvas.setPointerCapture(event.pointerId);
    pen.beginPath();
    pen.moveTo(...place(event));
    pen.lineTo(...place(event));
    pen.stroke();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    pen.lineTo(...place(event));
    pen.stroke();
  });
  canvas.addEventListener("pointerup", send);
  canvas.addEventListener("pointercancel", send);
  clear.addEventListener("click", () => {
    blank();
    setStateValue("picture", "");
  });
}
