"""Reports: findings to text and to other programs. A format knows findings and no rule."""
