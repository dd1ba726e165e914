import type { Stranger } from "~/api/session";
import { Logo } from "~/shell/Logo";
import { SignInForm } from "./SignInForm";

/** The whole page that somebody sees who is not signed in. The address stays what it was. */
export default function SignIn({ session }: { session: Stranger }) {
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-92 flex-col justify-center p-6 pb-[20vh]">
      <title>Sign in · Tollgate</title>
      <div className="mb-8 flex items-center gap-2">
        <Logo />
        <span className="text-read font-semibold">{session.installation.name}</span>
      </div>
      <h1 className="mb-5 text-figure font-medium">Sign in</h1>
      <SignInForm />
      <p className="mt-8 text-label text-muted">
        No account yet? An owner or admin can invite you.
      </p>
    </main>
  );
}
