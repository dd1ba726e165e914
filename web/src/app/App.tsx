import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { makeQueryClient } from "~/api/query-client";
import { ToastProvider } from "~/components/Toast";
import { router } from "./router";

export function App() {
  const [queries] = useState(makeQueryClient);
  return (
    // The content security policy has no room for inline styles.
    <CSPProvider disableStyleElements>
      <QueryClientProvider client={queries}>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </QueryClientProvider>
    </CSPProvider>
  );
}
