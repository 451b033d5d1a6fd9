"""Three runs to compare, and a sweep of ten learning rates: python examples/digits/sweep.py."""

from train import Config, main

VARIANTS = {
    "baseline": Config(),
    "nodecay": Config(weight_decay=0.0),
    "smallbatch": Config(batch_size=32),
}
RATES = (0.0003, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1.0)

if __name__ == "__main__":
    for variant, config in VARIANTS.items():
        main(config, variant)
    for rate in RATES:
        main(Config(learning_rate=rate), "rates", sweep="learning-rate")
