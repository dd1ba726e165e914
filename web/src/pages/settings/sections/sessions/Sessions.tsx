import { Link } from "@tanstack/react-router";
import { may } from "~/api/session";
import { useSession } from "~/app/session";
import { Button, buttonClass } from "~/components/Button";
import { Facts } from "~/components/Facts";
import { Section } from "~/components/Page";
import { useLeave } from "~/shell/use-leave";

/** How long one stays signed in, and how that ends, here and elsewhere. The API lists no sessions. */
export default function Sessions() {
  const session = useSession();
  const leave = useLeave();
  return (
    <Section title="Sessions">
      <Facts
        facts={[
          ["Signed in as", session.user.email],
          ["Ends", "7 days after it was last used, after 30 days at most"],
          ["At once", "20 at most: a further one ends the oldest"],
          ["Reaches", "as far as your role does at the moment; it calls no models"],
        ]}
      />
      <div className="mt-4 flex flex-wrap gap-2">
        <Button onClick={leave}>Sign out here</Button>
        <Link to="/settings/password" className={buttonClass()}>
          Sign out everywhere else
        </Link>
      </div>
      <p className="mt-2 text-muted">
        Changing your password ends your other sessions. They are not listed one by one
        {may(session, "audit") ? (
          <>
            ; who signed in, and when, is in the{" "}
            <Link
              to="/team"
              search={{ tab: "audit", act: "POST /session" }}
              className="text-accent underline"
            >
              audit log
            </Link>
            .
          </>
        ) : (
          "."
        )}
      </p>
    </Section>
  );
}
