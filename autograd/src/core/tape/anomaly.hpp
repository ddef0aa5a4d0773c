// DetectAnomaly, for the tape itself.
#pragma once

namespace xgrad::detail {

// While it lives, nothing is looked at: of values that nobody will see.
class AnomalyOff {
 public:
  AnomalyOff();
  ~AnomalyOff();
  AnomalyOff(const AnomalyOff&) = delete;
  AnomalyOff& operator=(const AnomalyOff&) = delete;

 private:
  int guards_;
};

}  // namespace xgrad::detail
