/** Whether blocks and connections are drawn as bare shapes: many of them, seen from far away. */

import { createContext } from "react";

export const FarContext = createContext(false);
