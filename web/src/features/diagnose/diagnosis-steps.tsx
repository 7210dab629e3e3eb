import { formatDuration } from "../../lib/format.ts";
import { outcomeWords, stepWords } from "../../lib/words.ts";
import { StatusIcon } from "../../ui/status-icon.tsx";
import type { DiagnosisStep } from "./diagnosis-query.ts";
import classes from "./diagnose.module.css";

type DiagnosisStepsProps = { steps: DiagnosisStep[]; broken: DiagnosisStep | undefined };

/** Each exchange in order, with its duration; the broken one stands open. */
export function DiagnosisSteps({ steps, broken }: DiagnosisStepsProps) {
  return (
    <ol className={`rows ${classes["steps"]}`}>
      {steps.map((step, index) => (
        <li key={`${step.at}-${index}`}>
          <details open={step === broken} data-testid="step">
            <summary className={classes["summary"]}>
              <StatusIcon tone={outcomeWords[step.outcome].tone} size={16} />
              <span className={classes["kind"]}>{stepWords[step.kind]}</span>
              <span className={classes["outcome"]}>
                {[
                  outcomeWords[step.outcome].label,
                  step.durationMs == null || step.outcome === "SKIPPED"
                    ? null
                    : formatDuration(step.durationMs),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </span>
            </summary>
            <div className={classes["detail"]}>
              {step.url && <div className="mono">{step.url}</div>}
              {step.httpStatus != null && <div>It answered with HTTP {step.httpStatus}.</div>}
              {step.detail && <div>{step.detail}</div>}
              {!step.url && step.httpStatus == null && !step.detail && (
                <div>Nothing more is known of this step.</div>
              )}
            </div>
          </details>
        </li>
      ))}
    </ol>
  );
}
