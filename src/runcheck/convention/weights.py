"""What arrays of weights and gradients are called, and what only sounds like it."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Names are cut into words at what is no letter, and at capitals.
_WEIGHTS = _words("""
    weight weights kernel kernels bias biases grad grads gradient gradients param params parameter parameters coef coefs
    coefficient coefficients intercept intercepts theta checkpoint ckpt
""")
_WEIGHTS_OF_TWO = ("state dict", "exp avg", "opt state", "adam mu", "adam nu", "in proj", "out proj")
# Beside the words above these mean something else: a norm of gradients, the weights of classes, the size of a kernel.
_ABOUT = _words("""
    attention attn bins bse clip class classes confidence constraint constraints cosine count counts cov covariance
    covariances curve curves decay density gram hist histogram hparams hyper hyperparameter hyperparameters importance
    importances init initializer interval learning loss losses matrix max mean means min names norm norms pca
    portfolio pvalues ratio resid roc sample samples schedule score scores se search shape shapes sharing similarity
    size sizes stat statistics stats std svm sweep table tables trials tvalues variance
""")
# Names of other tables of numbers with both signs.
_OTHERS = _ABOUT | _words("""
    activation activations attribution attributions audio bdata coord coordinates coords corr correlation correlations
    data differences diffs error errors feature features font inputs jpeg latent latents logit logits metrics noise
    output outputs path png points position positions pred prediction predictions preds prob proba probabilities
    probability probs residual residuals saliency shap signal sprite targets trajectory tsne umap vectors waveform
""")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LETTER = re.compile(r"(?:[wW]|d[wW])[_0-9#]*")
_INDEX = re.compile(r"[0-9]+")


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case: ``Dense_0/kernelGrad`` is dense, kernel, grad."""
    return [word.lower() for word in _WORD.findall(name)]


def stem_of(name: str) -> str:
    """Return a name without its numbers: ``w_0_3`` and ``w_1_0`` have one stem."""
    return _INDEX.sub("#", name)


def names_weights(name: str) -> bool:
    """Say whether a file, key or column of this name holds weights or gradients, as its name says."""
    words = words_of(name)
    two = " ".join(words)
    if _LETTER.fullmatch(name.rpartition("/")[2]):
        return True
    return not _ABOUT.intersection(words) and (
        bool(_WEIGHTS.intersection(words)) or any(each in two for each in _WEIGHTS_OF_TWO)
    )


def names_other(name: str) -> bool:
    """Say whether a name is that of numbers which are no weights: predictions, coordinates, a curve."""
    return bool(_OTHERS.intersection(words_of(name)))
