import "./styles/index.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { applyTheme } from "./app/preferences";

applyTheme();

const root = document.getElementById("root");
if (!root) throw new Error("the page has no element to be shown in");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
