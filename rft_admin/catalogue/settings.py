"""The settings that the catalogue obeys."""

from rft_admin.core.settings import whole_number_setting

certificate_validity_years = whole_number_setting(
    "certificate.certificate_validity_years",
    3,
    minimum=1,
    maximum=10,
    display_name="Certificates are valid (years)",
    description="What a new course starts with; each course keeps its own.",
)
