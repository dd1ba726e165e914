/** The gate shows the set-up in place of the shell at this address. */
export default function SetupRoute() {
  return null;
}
