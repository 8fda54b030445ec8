export default function ({ data, parentElement }) {
  const field = parentElement.querySelector("input");
  const button = parentElement.querySelector("button");
  const status = parentElement.querySelector("span");
  field.value = data.text;
  field.setAttribute("aria-label", data.label);
  field.onfocus = () => field.select();
  button.onclick = async () => {
    field.focus();
    field.select();
    try {
      // Only there on https and on this machine; elsewhere the older command does it.
      if (navigator.clipboard) await navigator.clipboard.writeText(data.text);
      else if (!document.execCommand("copy")) throw new Error("refused");
      status.textContent = "Copied";
    } catch {
      status.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (status.textContent = ""), 4000);
  };
}
