import { NumberInput } from '@mantine/core';
import { type RulesDraft, combineSentence, findMistake, rules } from './rule-words.js';
import classes from './policies.module.css';

/** The rules of a policy as fields. Mistakes are told beside their field once `tried` says so. */
export function RuleFields({ draft, tried, onChange }: Readonly<{ draft: RulesDraft; tried: boolean; onChange: (draft: RulesDraft) => void }>) {
  const mistake = tried ? findMistake(draft) : null;
  return (
    <>
      <p className={classes.muted}>{combineSentence}</p>
      <div className={classes.fields}>
        {rules.map(({ name, label, description }) => (
          <NumberInput
            key={name}
            label={label}
            description={description}
            value={draft[name]}
            min={0}
            decimalScale={2}
            error={mistake?.name === name ? mistake.message : null}
            onChange={(value) => { onChange({ ...draft, [name]: typeof value === 'number' ? value : Number.NaN }); }}
          />
        ))}
      </div>
    </>
  );
}
