import { type Density, type Theme, useDensity, useTheme, useZone } from "~/app/preferences";
import { Section } from "~/components/Page";
import { RadioGroup } from "~/components/RadioGroup";
import { dateTime, type Zone, zoneName } from "~/format";

const THEMES: { value: Theme; label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];
const DENSITIES: { value: Density; label: string; hint: string }[] = [
  { value: "compact", label: "Compact", hint: "Rows of 32 pixels" },
  { value: "comfortable", label: "Comfortable", hint: "Rows of 40 pixels" },
];

/** How this browser shows the dashboard. */
export default function Appearance() {
  const [theme, setTheme] = useTheme();
  const [density, setDensity] = useDensity();
  const [zone, setZone] = useZone();
  const now = new Date();
  const zones: { value: Zone; label: string; hint: string }[] = [
    {
      value: "local",
      label: "This browser's",
      hint: `${zoneName("local")}: ${dateTime(now, "local")}`,
    },
    { value: "utc", label: "UTC", hint: dateTime(now, "utc") },
  ];
  return (
    <Section title="Appearance" hint="Kept in this browser">
      <div className="flex flex-col gap-6">
        <RadioGroup label="Colours" options={THEMES} value={theme} onChange={setTheme} />
        <RadioGroup
          label="Rows of tables"
          options={DENSITIES}
          value={density}
          onChange={setDensity}
        />
        <RadioGroup label="Times" options={zones} value={zone} onChange={setZone} />
      </div>
    </Section>
  );
}
