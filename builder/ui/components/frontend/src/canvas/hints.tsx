/** Short sentences over the canvas: why something was refused, and why a wire does not fit. */

import { useConnection } from "@xyflow/react";
import { useEffect } from "react";
import { refusal, type Model } from "./connect";
import { between } from "./wiring";

const TOAST_MS = 5000;

export function Toast({ message, onDone }: { message: string; onDone: () => void }) {
  useEffect(() => {
    const timer = setTimeout(onDone, TOAST_MS);
    return () => clearTimeout(timer);
  }, [message]);
  return (
    <div className="kb-toast" role="status">
      {message}
    </div>
  );
}

/** Says, while a wire is held over a port, why it does not fit there. */
export function WireHint({ model }: { model: Model }) {
  const reason = useConnection(({ fromHandle, toHandle }) => {
    if (!fromHandle || !toHandle || fromHandle.type === toHandle.type) return null;
    return refusal(model, between(fromHandle, toHandle));
  });
  return reason && <div className="kb-toast">{reason}</div>;
}
