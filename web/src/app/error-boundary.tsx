import { Component, type ReactNode } from "react";
import { BrokenScreen } from "./broken-screen.tsx";

type State = { error: unknown; broken: boolean };

/** Catches what a screen throws, and code that could not be loaded since a new version was deployed. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: undefined, broken: false };

  static getDerivedStateFromError(error: unknown): State {
    return { error, broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <BrokenScreen error={this.state.error} /> : this.props.children;
  }
}
