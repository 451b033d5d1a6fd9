"""Three runs to compare, and a sweep of ten learning rates: python examples/digits/sweep.py."""

from typing import Any

from train import Config, main

import runcheck

VARIANTS = {
    "baseline": Config(),
    "nodecay": Config(weight_decay=0.0),
    "smallbatch": Config(batch_size=32),
}
RATES = (0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0)


def train(config: dict[str, Any]) -> None:
    """Train at one point of the grid."""
    main(Config(**config), "rates")


if __name__ == "__main__":
    for variant, config in VARIANTS.items():
        main(config, variant)
    print(runcheck.sweep(train, {"learning_rate": RATES}, name="learning-rate", metric="test/loss"))
